import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { parse } from "yaml";
import type { Misdeclared } from "#harness/model/errors";
import { asIni, asList, asYaml } from "./formats.ts";
import { inventory } from "./inventory.ts";
import { readServers, type Server } from "./servers.ts";

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

test("several clusters and no choice, or one that is not there, is refused", () => {
  expect(problemsOf(() => inventory(zone()))).toEqual([
    "they are of several clusters, example, stage: say which with --cluster or HARDWAY_CLUSTER",
  ]);
  expect(problemsOf(() => inventory(zone(), { cluster: "exampel" }))).toEqual([
    "no server has the tag @cluster=exampel; there are example, stage",
  ]);
});

test("an even number of etcd members, a group without machines and variables of nobody are told at once", () => {
  const server = (name: string, n: number, ...tags: string[]): Server => ({ name, address: `192.168.0.${n}`, tags });
  const servers = readServers(
    JSON.stringify([server("a", 1, "etcd", "kube-master"), server("b", 2, "etcd", "@instance-type=large")]),
    "servers.json",
  );
  expect(problemsOf(() => inventory(servers, { groupVars: { instance_type_larg: { a: 1 } } }))).toEqual([
    "no machine is in the group kube_node",
    "etcd has 2 members, a, b: an even number survives no more than one less",
    "variables of the group instance_type_larg: no machine is in it",
  ]);
});

test("everything that is wrong with a list of servers is told at once", () => {
  const servers = [
    { name: "a", address: "192.168.0.1", tags: ["@clutser=example", "@cluster=", "@sshconfig"] },
    { name: "a", address: "192.168.0.1", tags: ["@cluster=x", "@cluster=y"] },
    { address: 5, tags: "etcd" },
    null,
  ];
  expect(problemsOf(() => readServers(JSON.stringify(servers), "servers.json"))).toEqual([
    "a: @clutser=example: there is no such tag; those with an @ are @cluster, @instance-type, @ssh_user, @ssh_bastion_group, @sshconfig",
    "a: @cluster says nothing: write @cluster=…",
    "a: @cluster is x and y: it can be one",
    "server 3: it has no name",
    "server 3: it has no address",
    "server 3: its tags are no list of words",
    "server 4: it has no name",
    "server 4: it has no address",
    "server 4: its tags are no list of words",
    "a: there are several servers of this name",
    "192.168.0.1: several servers have this address",
  ]);
  expect(problemsOf(() => readServers("{", "servers.json"))).toEqual([
    expect.stringMatching(/^it is neither JSON nor/),
  ]);
  expect(problemsOf(() => readServers("name: a", "servers.json"))).toEqual(["it is no list of servers"]);
});
