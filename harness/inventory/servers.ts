import { parse } from "yaml";
import { Misdeclared } from "#harness/model/errors";
import type { Address } from "#harness/model/units";

/** A machine as a cloud lists it: what it is for is in its tags. */
export interface Server {
  readonly name: string;
  readonly address: Address;
  /** Where it is reached from outside, if it is. */
  readonly publicAddress?: Address;
  /** What ssh knows it by, where an ssh_config(5) says how it is reached. */
  readonly sshName?: string;
  readonly tags: readonly string[];
}

/** What the tags of a server say. */
export interface TaggedServer extends Server {
  /** `@cluster=`: where others have one, one without belongs to no cluster, and is in an inventory only as somebody's bastion. */
  readonly cluster?: string;
  /** `@instance-type=`. */
  readonly instanceType?: string;
  /** `@ssh_user=`. */
  readonly sshUser?: string;
  /** `@ssh_bastion_group=`: through a machine of this group it is reached. */
  readonly bastionGroup?: string;
  /** `@etcd_member_name=`: without it Kubespray counts members in the order of the inventory. */
  readonly etcdMemberName?: string;
  /** `@sshconfig`: it is in the ssh configuration. */
  readonly inSshConfig: boolean;
  /** Every tag that is a plain word, as Ansible writes names of groups. */
  readonly groups: readonly string[];
  /** What is wrong with its tags, as sentences. */
  readonly problems: readonly string[];
}

const valued = {
  "@cluster": "cluster",
  "@instance-type": "instanceType",
  "@ssh_user": "sshUser",
  "@ssh_bastion_group": "bastionGroup",
  "@etcd_member_name": "etcdMemberName",
} as const;

/** Old names of groups, and what Kubespray calls them since 2.16. */
const renamed: Readonly<Record<string, string>> = {
  kube_master: "kube_control_plane",
  k8s_cluster: "k8s_cluster",
};

/** Ansible's names of groups are identifiers: https://docs.ansible.com/ansible/latest/inventory_guide/intro_inventory.html */
export const groupName = (word: string): string => {
  const name = word.replaceAll(/[^A-Za-z0-9_]/g, "_");
  return renamed[name] ?? name;
};

/**
 * Servers from a JSON or YAML list of `{name, address, publicAddress?, tags}`. Throws `Misdeclared` where entries are no
 * servers. What is wrong with their tags they carry, so that it is told together with what is wrong with their cluster.
 */
export function readServers(text: string, file: string): readonly TaggedServer[] {
  const list = parsed(text, file);
  const problems = list.flatMap((entry, index) =>
    shapeProblems(entry).map((problem) => `${nameOf(entry, index)}: ${problem}`),
  );
  const servers = list.filter((entry) => shapeProblems(entry).length === 0).map((entry) => tagged(entry as Server));
  if (problems.length > 0) throw new Misdeclared(file, [...problems, ...serverProblems(servers)]);
  return servers;
}

/** What is wrong with servers whatever they are for: their tags, and names and addresses that are there twice. */
export const serverProblems = (servers: readonly TaggedServer[]): readonly string[] => [
  ...servers.flatMap(({ name, problems }) => problems.map((problem) => `${name}: ${problem}`)),
  ...twice(servers.map(({ name }) => name)).map((name) => `${name}: there are several servers of this name`),
  ...twice(servers.map(({ address }) => address)).map((address) => `${address}: several servers have this address`),
];

function parsed(text: string, file: string): readonly unknown[] {
  let value: unknown;
  try {
    value = parse(text);
  } catch (cause) {
    throw new Misdeclared(file, [`it is neither JSON nor YAML: ${(cause as Error).message.split("\n")[0]}`]);
  }
  if (!Array.isArray(value)) throw new Misdeclared(file, ["it is no list of servers"]);
  return value;
}

const nameOf = (entry: unknown, index: number): string => {
  const { name } = (entry ?? {}) as Partial<Server>;
  return typeof name === "string" && name !== "" ? name : `server ${index + 1}`;
};

function shapeProblems(entry: unknown): string[] {
  const { name, address, publicAddress, tags } = (entry ?? {}) as Partial<Record<keyof Server, unknown>>;
  const isText = (value: unknown) => typeof value === "string" && value !== "";
  return [
    ...(isText(name) ? [] : ["it has no name"]),
    ...(isText(address) ? [] : ["it has no address"]),
    ...(publicAddress === undefined || isText(publicAddress) ? [] : ["its publicAddress is no text"]),
    ...(Array.isArray(tags) && tags.every(isText) ? [] : ["its tags are no list of words"]),
  ];
}

/** A server and what its tags say. */
export function tagged(server: Server): TaggedServer {
  const said: Partial<Record<(typeof valued)[keyof typeof valued], string>> = {};
  const groups: string[] = [];
  const problems: string[] = [];
  for (const tag of server.tags) {
    const [key = "", ...rest] = tag.split("=");
    const value = rest.join("=");
    if (!tag.startsWith("@")) groups.push(groupName(tag));
    else if (Object.hasOwn(valued, key)) {
      const field = valued[key as keyof typeof valued];
      if (value === "") problems.push(`${key} says nothing: write ${key}=…`);
      else if (said[field] !== undefined && said[field] !== value)
        problems.push(`${key} is ${said[field]} and ${value}: it can be one`);
      said[field] = value;
    } else if (tag !== "@sshconfig")
      problems.push(
        `${tag}: there is no such tag; those with an @ are ${[...Object.keys(valued), "@sshconfig"].join(", ")}`,
      );
  }
  return { ...server, ...said, groups, inSshConfig: server.tags.includes("@sshconfig"), problems };
}

/** Those that are there more than once, each once. */
export const twice = (words: readonly string[]): string[] => [
  ...new Set(words.filter((word, index) => words.indexOf(word) !== index)),
];
