import { Misdeclared } from "#harness/model/errors";
import { groupName, type TaggedServer } from "./servers.ts";

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
export function inventory(
  servers: readonly TaggedServer[],
  { cluster: wanted, groupVars = {} }: InventoryOptions = {},
): Inventory {
  const cluster = chosen(servers, wanted);
  const own = servers.filter((server) => server.cluster === cluster);
  const shared = servers.filter((server) => server.cluster === undefined || server.cluster === cluster);
  const problems: string[] = [];

  const groups = new Map<string, string[]>();
  const join = (group: string, name: string) => {
    const members = groups.get(group) ?? [];
    if (!members.includes(name)) groups.set(group, [...members, name]);
  };
  for (const { name, groups: tags, instanceType } of own) {
    for (const tag of tags) join(tag, name);
    if (instanceType !== undefined) join(groupName(`instance_type_${instanceType}`), name);
  }
  problems.push(...clusterProblems(groups));
  for (const group of Object.keys(groupVars))
    if (group !== "all" && group !== "k8s_cluster" && !groups.has(group))
      problems.push(`variables of the group ${group}: no machine is in it`);

  const hosts = own.map((server) => {
    const bastion = bastionOf(server, shared);
    if (typeof bastion === "string") problems.push(`${server.name}: ${bastion}`);
    return [server.name, variablesOf(server, typeof bastion === "string" ? undefined : bastion)] as const;
  });
  if (problems.length > 0)
    throw new Misdeclared(cluster === undefined ? "the servers" : `the cluster ${cluster}`, problems);

  const members = (name: string): Group => ({
    hosts: groups.get(name) ?? [],
    ...(groupVars[name] && { vars: groupVars[name] }),
  });
  return {
    ...(cluster !== undefined && { cluster }),
    hosts: Object.fromEntries(hosts),
    groups: {
      ...(groupVars.all && { all: { hosts: [], vars: groupVars.all } }),
      ...Object.fromEntries([...groups.keys()].sort().map((name) => [name, members(name)])),
      k8s_cluster: {
        hosts: [],
        children: ["kube_control_plane", "kube_node"],
        ...(groupVars.k8s_cluster && { vars: groupVars.k8s_cluster }),
      },
    },
  };
}

function chosen(servers: readonly TaggedServer[], wanted: string | undefined): string | undefined {
  const clusters = [...new Set(servers.flatMap(({ cluster }) => cluster ?? []))].sort();
  if (wanted !== undefined) {
    if (clusters.includes(wanted)) return wanted;
    throw new Misdeclared(`the cluster ${wanted}`, [
      clusters.length === 0
        ? "no server has a tag @cluster="
        : `no server has the tag @cluster=${wanted}; there are ${clusters.join(", ")}`,
    ]);
  }
  if (clusters.length <= 1) return clusters[0];
  throw new Misdeclared("the servers", [
    `they are of several clusters, ${clusters.join(", ")}: say which with --cluster or HARDWAY_CLUSTER`,
  ]);
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

function variablesOf({ address, publicAddress, sshUser }: TaggedServer, bastion: TaggedServer | undefined): Variables {
  const jump = bastion && `${bastion.sshUser ? `${bastion.sshUser}@` : ""}${bastion.publicAddress ?? bastion.address}`;
  return {
    ansible_host: jump === undefined ? (publicAddress ?? address) : address,
    // Kubespray's names of the address that the cluster's own traffic uses, and of the one that other machines reach.
    ip: address,
    access_ip: address,
    ...(sshUser !== undefined && { ansible_user: sshUser }),
    ...(jump !== undefined && { ansible_ssh_common_args: `-o ProxyJump=${jump}` }),
  };
}
