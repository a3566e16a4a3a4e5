import { Misdeclared } from "#harness/model/errors";
import { groupName, serverProblems, type TaggedServer, twice } from "./servers.ts";

/** Variables of Ansible. */
export type Variables = Readonly<Record<string, unknown>>;

/** The machines of one cluster in Ansible's terms. */
export interface Inventory {
  readonly cluster?: string;
  readonly hosts: Readonly<Record<string, Variables>>;
  readonly groups: Readonly<Record<string, Group>>;
}

export interface Group {
  readonly hosts: readonly string[];
  readonly children?: readonly string[];
  readonly vars?: Variables;
}

export interface InventoryOptions {
  /** Which cluster. Needed where servers belong to several. */
  readonly cluster?: string | undefined;
  /** By name of the group. */
  readonly groupVars?: Readonly<Record<string, Variables>>;
}

/**
 * The inventory of one cluster from the tags of its servers, with the groups that Kubespray wants
 * (https://kubespray.io/#/docs/ansible/inventory). Machines of other clusters are not in it, not even as a bastion.
 * Throws `Misdeclared` with everything that would go wrong later.
 */
export function inventory(servers: readonly TaggedServer[], options: InventoryOptions = {}): Inventory {
  const { cluster, own, shared } = clusterOf(servers, options.cluster);
  const { groupVars = {} } = options;
  const groups = groupsOf(own);
  const bastions = own.map((server) => bastionOf(server, shared));
  const problems = [
    ...serverProblems(servers),
    ...own.flatMap((server) => memberProblems(server, bastions)),
    ...own.flatMap(nameProblems),
    ...clusterProblems(groups),
    ...etcdNameProblems(own),
    ...Object.keys(groupVars)
      .filter((group) => group !== "all" && group !== "k8s_cluster" && !groups.has(group))
      .map((group) => `variables of the group ${group}: no machine is in it`),
    ...own.flatMap(({ name }, index) => (typeof bastions[index] === "string" ? `${name}: ${bastions[index]}` : [])),
  ];
  if (problems.length > 0) throw new Misdeclared(titleOf(cluster), problems);

  const members = (name: string): Group => ({
    hosts: groups.get(name) ?? [],
    ...(groupVars[name] && { vars: groupVars[name] }),
  });
  return {
    ...(cluster !== undefined && { cluster }),
    hosts: Object.fromEntries(
      own.map((server, index) => [server.name, variablesOf(server, bastions[index] as TaggedServer | undefined)]),
    ),
    groups: {
      ...(groupVars.all && { all: { hosts: [], vars: groupVars.all } }),
      ...Object.fromEntries([...groups.keys(), "calico_rr"].sort().map((name) => [name, members(name)])),
      k8s_cluster: {
        hosts: [],
        children: ["kube_control_plane", "kube_node", "calico_rr"],
        ...(groupVars.k8s_cluster && { vars: groupVars.k8s_cluster }),
      },
    },
  };
}

/** A server that is reached by ssh, for an ssh_config(5). */
export interface SshEntry {
  readonly server: TaggedServer;
  readonly through?: TaggedServer;
}

/**
 * The servers of one cluster with the tag `@sshconfig`, and the bastions that they are reached through. Throws `Misdeclared` with
 * what is wrong with the servers, and where none has that tag.
 */
export function sshEntries(servers: readonly TaggedServer[], wanted?: string): readonly SshEntry[] {
  const { cluster, own, shared } = clusterOf(servers, wanted);
  const entries = own
    .filter(({ inSshConfig }) => inSshConfig)
    .map((server) => ({ server, through: bastionOf(server, shared) }));
  const problems = [
    ...serverProblems(servers),
    ...entries.flatMap(({ server, through }) => (typeof through === "string" ? `${server.name}: ${through}` : [])),
    ...(entries.length === 0 ? ["no machine of it has the tag @sshconfig"] : []),
  ];
  if (problems.length > 0) throw new Misdeclared(titleOf(cluster), problems);
  const reached = entries as readonly { readonly server: TaggedServer; readonly through: TaggedServer | undefined }[];
  const bastions = new Set(reached.flatMap(({ through }) => through ?? []));
  for (const { server } of reached) bastions.delete(server);
  return [
    ...[...bastions].map((server) => ({ server })),
    ...reached.map(({ server, through }) => ({ server, ...(through && { through }) })),
  ];
}

const titleOf = (cluster: string | undefined): string =>
  cluster === undefined ? "the servers" : `the cluster ${cluster}`;

/** Kubespray's own groups of machines. */
const kubesprayGroups = ["kube_control_plane", "kube_node", "etcd", "calico_rr", "bastion"] as const;

const isKubesprays = (group: string): boolean => kubesprayGroups.some((known) => known === group);

interface Cluster {
  readonly cluster: string | undefined;
  readonly own: readonly TaggedServer[];
  /** Its own, and those of no cluster. */
  readonly shared: readonly TaggedServer[];
}

/** Throws `Misdeclared`, with what is wrong with the servers besides, where it is not clear which cluster is meant. */
function clusterOf(servers: readonly TaggedServer[], wanted: string | undefined): Cluster {
  const clusters = [...new Set(servers.flatMap(({ cluster }) => cluster ?? []))].sort();
  const [only, ...others] = clusters;
  const cluster = wanted ?? only;
  if (wanted !== undefined && !clusters.includes(wanted))
    throw new Misdeclared(titleOf(wanted), [
      ...serverProblems(servers),
      clusters.length === 0
        ? "no server has a tag @cluster="
        : `no server has the tag @cluster=${wanted}; there are ${clusters.join(", ")}`,
    ]);
  if (wanted === undefined && others.length > 0)
    throw new Misdeclared("the servers", [
      ...serverProblems(servers),
      `they are of several clusters, ${clusters.join(", ")}: say which with --cluster or HARDWAY_CLUSTER`,
    ]);
  return {
    cluster,
    own: servers.filter((server) => server.cluster === cluster),
    shared: servers.filter((server) => server.cluster === undefined || server.cluster === cluster),
  };
}

function groupsOf(own: readonly TaggedServer[]): ReadonlyMap<string, readonly string[]> {
  const groups = new Map<string, string[]>();
  for (const { name, groups: tags, instanceType } of own) {
    const all = [...tags, ...(instanceType === undefined ? [] : [groupName(`instance_type_${instanceType}`)])];
    for (const group of new Set(all)) groups.set(group, [...(groups.get(group) ?? []), name]);
  }
  return groups;
}

/** Tags that are nearly one of Kubespray's groups, and a machine that Kubespray would do nothing with. */
function memberProblems(server: TaggedServer, bastions: readonly (TaggedServer | string | undefined)[]): string[] {
  const { name, groups } = server;
  const others = groups.filter((group) => !isKubesprays(group));
  const misspelt = others.flatMap((group) => {
    const meant = kubesprayGroups.find((known) => lettersOf(known) === lettersOf(group));
    return meant === undefined ? [] : [`${name}: ${group} is no group of Kubespray's; that is ${meant}`];
  });
  if (misspelt.length > 0 || others.length < groups.length || bastions.includes(server)) return misspelt;
  const words = groups.length === 0 ? "it has none of the tags" : `its tags ${groups.join(", ")} are none of`;
  return [`${name}: ${words} ${kubesprayGroups.join(", ")}`];
}

/** `kube_nodes`, `KubeNode` and `kube_node` have the same. */
const lettersOf = (group: string): string => group.toLowerCase().replaceAll("_", "").replace(/s$/, "");

/** The same expression as Kubespray's roles/kubernetes/preinstall, which asks once machines have been changed. */
const nodeName = /^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$/;

const nameProblems = ({ name, groups }: TaggedServer): string[] =>
  nodeName.test(name) || !groups.some((group) => group !== "bastion" && isKubesprays(group))
    ? []
    : [
        `${name}: Kubespray takes names of lower-case letters, digits, - and . alone, with a letter or digit at both ends`,
      ];

/** Members of etcd that would have one name. One that is given none is called by its place among them. */
function etcdNameProblems(own: readonly TaggedServer[]): string[] {
  const names = own
    .filter(({ groups }) => groups.includes("etcd"))
    .map(({ etcdMemberName }, index) => etcdMemberName ?? `etcd${index + 1}`);
  return twice(names).map(
    (name) => `several members of etcd would be called ${name}: give each an @etcd_member_name= of its own`,
  );
}

function clusterProblems(groups: ReadonlyMap<string, readonly string[]>): string[] {
  const size = (group: string) => groups.get(group)?.length ?? 0;
  const etcd = size("etcd");
  return [
    ...["kube_control_plane", "kube_node", "etcd"]
      .filter((group) => size(group) === 0)
      .map((group) => `no machine is in the group ${group}`),
    // https://etcd.io/docs/v3.6/faq/#why-an-odd-number-of-cluster-members; Kubespray refuses it too, after a while.
    ...(etcd > 0 && etcd % 2 === 0
      ? [`etcd has ${etcd} members, ${groups.get("etcd")?.join(", ")}: an even number survives no more than one less`]
      : []),
  ];
}

/** Through whom a server is reached: nobody, a machine, or why not. */
function bastionOf(server: TaggedServer, shared: readonly TaggedServer[]): TaggedServer | string | undefined {
  if (server.bastionGroup === undefined) return undefined;
  const group = groupName(server.bastionGroup);
  const bastion = shared.find(({ groups }) => groups.includes(group));
  if (!bastion)
    return `@ssh_bastion_group=${server.bastionGroup}: no machine of its cluster, and none that is of no cluster, has the tag ${server.bastionGroup}`;
  return bastion.name === server.name ? undefined : bastion;
}

function variablesOf(server: TaggedServer, bastion: TaggedServer | undefined): Variables {
  const { address, publicAddress, sshName, sshUser, etcdMemberName } = server;
  const jump = bastion && sshName === undefined ? placeOf(bastion) : undefined;
  return {
    ansible_host: sshName ?? (jump === undefined ? (publicAddress ?? address) : address),
    // Kubespray's names of the address that the cluster's own traffic uses, and of the one that other machines reach.
    ip: address,
    access_ip: address,
    ...(etcdMemberName !== undefined && { etcd_member_name: etcdMemberName }),
    ...(sshUser !== undefined && { ansible_user: sshUser }),
    ...(jump !== undefined && { ansible_ssh_common_args: `-o ProxyJump=${jump}` }),
  };
}

/** `user@address`, as ssh takes a jump host: an address of IPv6 in brackets. */
export function placeOf({ sshUser, publicAddress, address }: TaggedServer): string {
  const host = publicAddress ?? address;
  return `${sshUser === undefined ? "" : `${sshUser}@`}${host.includes(":") ? `[${host}]` : host}`;
}
