import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { parse } from "yaml";
import type { Misdeclared } from "#harness/model/errors";
import type { Topology } from "#harness/model/topology";
import { resolve } from "#harness/topology/resolve";
import { asIni, asList, asSshConfig, asYaml } from "./formats.ts";
import { inventory, sshEntries } from "./inventory.ts";
import { readServers, type Server } from "./servers.ts";
import { labInventory } from "./topology.ts";

const testdata = (name: string) => readFileSync(new URL(`testdata/${name}`, import.meta.url), "utf8");
const zone = () => readServers(testdata("zone.json"), "zone.json");
const groupVars = parse(testdata("group-vars.yaml"));

function problemsOf(work: () => unknown): readonly string[] {
  try {
    work();
  } catch (error) {
    return (error as Misdeclared).problems;
  }
  return [];
}

test("tags become Kubespray's groups, the old names too, with the variables of groups and the way through the bastion", async () => {
  await expect(
    `${JSON.stringify(asList(inventory(zone(), { cluster: "example", groupVars })), null, 2)}\n`,
  ).toMatchFileSnapshot("testdata/example.json");
});

test("the same as a file, in YAML and in INI", async () => {
  const example = inventory(zone(), { cluster: "example", groupVars });
  await expect(asYaml(example)).toMatchFileSnapshot("testdata/example.yaml");
  await expect(asIni(example)).toMatchFileSnapshot("testdata/example.ini");
});

test("a file in YAML keeps text that Ansible's YAML 1.1 would take for something else", () => {
  const vars = { auto: "yes", mode: "off", at: "12:30", on: true };
  const example = inventory(zone(), { cluster: "example", groupVars: { all: vars } });
  expect(parse(asYaml(example), { version: "1.1" }).all.vars).toEqual(vars);
});

test("of two clusters in one zone neither inventory names a machine of the other", () => {
  const text = (cluster: string) => JSON.stringify(asList(inventory(zone(), { cluster })));
  expect(text("example")).not.toMatch(/stage|\.61"/);
  expect(text("stage")).not.toMatch(/worker|master-1|etcd-1|k8s-bastion/);
});

test("a machine of another cluster is nobody's bastion", () => {
  const servers = JSON.parse(testdata("zone.json")) as { name: string; tags: string[] }[];
  const through = servers.map((server) =>
    server.name === "worker-21"
      ? { ...server, tags: ["@cluster=example", "kube-node", "@ssh_bastion_group=bastion-stage"] }
      : server,
  );
  const read = readServers(JSON.stringify(through), "zone.json");
  expect(problemsOf(() => inventory(read, { cluster: "example" }))).toEqual([
    "worker-21: @ssh_bastion_group=bastion-stage: no machine of its cluster, and none that is of no cluster, has the tag bastion-stage",
  ]);
});

test("a bastion's address of IPv6 is in brackets, without which ssh takes it for a port", () => {
  const servers = readServers(
    JSON.stringify([
      { name: "jump", address: "192.168.0.5", publicAddress: "2001:db8::5", tags: ["bastion", "@ssh_user=admin"] },
      {
        name: "a",
        address: "192.168.0.1",
        tags: ["@cluster=x", "etcd", "kube_control_plane", "kube_node", "@ssh_bastion_group=bastion"],
      },
    ]),
    "servers.json",
  );
  expect(inventory(servers).hosts.a).toMatchObject({
    ansible_ssh_common_args: "-o ProxyJump=admin@[2001:db8::5]",
  });
});

test("several clusters and no choice, or one that is not there, is refused", () => {
  expect(problemsOf(() => inventory(zone()))).toEqual([
    "they are of several clusters, example, stage: say which with --cluster or HARDWAY_CLUSTER",
  ]);
  expect(problemsOf(() => inventory(zone(), { cluster: "exampel" }))).toEqual([
    "no server has the tag @cluster=exampel; there are example, stage",
  ]);
});

test("everything is told at once: tags, an even number of etcd members, groups without machines, variables of nobody", () => {
  const server = (name: string, n: number, ...tags: string[]): Server => ({ name, address: `192.168.0.${n}`, tags });
  const servers = readServers(
    JSON.stringify([
      server("a", 1, "etcd", "kube-master"),
      server("b", 2, "etcd", "@instance-type=large", "@clutser=x"),
      server("c", 3, "kube-nodes", "calico_rr"),
      server("d", 3),
    ]),
    "servers.json",
  );
  expect(problemsOf(() => inventory(servers, { groupVars: { instance_type_larg: { a: 1 } } }))).toEqual([
    "b: @clutser=x: there is no such tag; those with an @ are @cluster, @instance-type, @ssh_user, @ssh_bastion_group, @etcd_member_name, @sshconfig",
    "192.168.0.3: several servers have this address",
    "c: kube_nodes is no group of Kubespray's; that is kube_node",
    "d: it has none of the tags kube_control_plane, kube_node, etcd, calico_rr, bastion",
    "no machine is in the group kube_node",
    "etcd has 2 members, a, b: an even number survives no more than one less",
    "variables of the group instance_type_larg: no machine is in it",
  ]);
});

test("names that Kubespray refuses, or that two members of etcd would have, are told", () => {
  const servers = readServers(
    JSON.stringify([
      { name: "Node_1", address: "192.168.0.1", tags: ["etcd", "kube_control_plane"] },
      { name: "node-2", address: "192.168.0.2", tags: ["etcd", "@etcd_member_name=etcd1"] },
      { name: "node 3", address: "192.168.0.3", tags: ["etcd", "kube_node"] },
      { name: "Jump_1", address: "192.168.0.4", tags: ["bastion"] },
    ]),
    "servers.json",
  );
  const refused =
    "Kubespray takes names of lower-case letters, digits, - and . alone, with a letter or digit at both ends";
  expect(problemsOf(() => inventory(servers))).toEqual([
    `Node_1: ${refused}`,
    `node 3: ${refused}`,
    "several members of etcd would be called etcd1: give each an @etcd_member_name= of its own",
  ]);
});

test("a machine of two clusters is told before anything else is asked", () => {
  const servers = readServers(
    JSON.stringify([{ name: "a", address: "192.168.0.1", tags: ["@cluster=x", "@cluster=y", "etcd"] }]),
    "servers.json",
  );
  expect(problemsOf(() => inventory(servers, { cluster: "x" }))).toEqual([
    "a: @cluster is x and y: it can be one",
    "no server has the tag @cluster=x; there are y",
  ]);
});

test("a list that is none of servers is told with what is wrong with those that are", () => {
  const servers = [
    { name: "a", address: "192.168.0.1", tags: ["@cluster=", "@sshconfig"] },
    { name: "a", address: "192.168.0.1", tags: [] },
    { address: 5, tags: "etcd" },
    null,
  ];
  expect(problemsOf(() => readServers(JSON.stringify(servers), "servers.json"))).toEqual([
    "server 3: it has no name",
    "server 3: it has no address",
    "server 3: its tags are no list of words",
    "server 4: it has no name",
    "server 4: it has no address",
    "server 4: its tags are no list of words",
    "a: @cluster says nothing: write @cluster=…",
    "a: there are several servers of this name",
    "192.168.0.1: several servers have this address",
  ]);
  expect(problemsOf(() => readServers("{", "servers.json"))).toEqual([
    expect.stringMatching(/^it is neither JSON nor/),
  ]);
  expect(problemsOf(() => readServers("name: a", "servers.json"))).toEqual(["it is no list of servers"]);
});

test("an ssh_config(5) has the servers with the tag @sshconfig, through their bastion", async () => {
  await expect(asSshConfig(sshEntries(zone(), "example"))).toMatchFileSnapshot("testdata/example.ssh");
  expect(problemsOf(() => sshEntries(zone(), "stage"))).toEqual(["no machine of it has the tag @sshconfig"]);
});

describe("a lab", () => {
  const topology = (tags: Readonly<Record<string, readonly string[]>> = {}) =>
    resolve({
      segments: { k8s: "192.168.0.0/24" },
      nodes: {
        "rt-01": { role: "host", on: ["k8s"] },
        "master-01": { role: "control-plane", on: ["k8s"], tags: tags["master-01"] ?? [] },
        "master-02": { role: "control-plane", on: ["k8s"] },
        "worker-01": { role: "worker", on: ["k8s"], tags: tags["worker-01"] ?? [] },
        "etcd-01": { role: "host", on: ["k8s"], tags: tags["etcd-01"] ?? [] },
      },
    } satisfies Topology);

  test("has its groups from roles and tags, and its machines by their names", () => {
    const { hosts, groups } = labInventory(
      topology({ "etcd-01": ["etcd"], "worker-01": ["@instance-type=large", "kube-node"] }),
    );
    expect(Object.fromEntries(Object.entries(groups).map(([name, { hosts }]) => [name, hosts]))).toEqual({
      calico_rr: [],
      etcd: ["etcd-01"],
      instance_type_large: ["worker-01"],
      k8s_cluster: [],
      kube_control_plane: ["master-01", "master-02"],
      kube_node: ["worker-01"],
    });
    expect(hosts["etcd-01"]).toEqual({
      ansible_host: "etcd-01",
      ip: "192.168.0.14",
      access_ip: "192.168.0.14",
      etcd_member_name: "etcd-01",
    });
  });

  test("has its etcd on the control planes where no machine is tagged so, and two are told", () => {
    expect(problemsOf(() => labInventory(topology()))).toEqual([
      "etcd has 2 members, master-01, master-02: an even number survives no more than one less",
    ]);
  });

  test("is told of machines that Kubespray would do nothing with", () => {
    expect(problemsOf(() => labInventory(topology({ "etcd-01": ["etdc"], "master-01": ["etcd"] })))).toEqual([
      "etcd-01: its tags etdc are none of kube_control_plane, kube_node, etcd, calico_rr, bastion",
    ]);
  });
});
