import { spawnSync } from "node:child_process";
import { expect, test } from "vitest";
import { Misdeclared } from "#harness/model/errors";
import type { ResolvedTopology } from "#harness/model/topology";
import { resolve } from "#harness/topology/resolve";
import { hostsOf, plugScript, portsOf, segmentsScript } from "./wiring.ts";

const topology = resolve({
  segments: { client: "172.17.1.0/24", k8s: "172.17.0.0/24" },
  nodes: {
    rt: {
      role: "router",
      software: { name: "none" } as never,
      as: 64512,
      on: [
        { segment: "client", address: "172.17.1.1", name: "eth1" },
        { segment: "k8s", address: "172.17.0.1", name: "eth2" },
      ],
      sysctls: { "net.ipv4.conf.eth2.rp_filter": "0", "net.ipv4.fib_multipath_hash_policy": "1" },
    },
    node: { role: "worker", on: ["k8s"], via: "rt", routes: [{ to: "10.0.0.0/8", via: "172.17.0.99" }] },
  },
});

const sockets = topology.nodes.map((node, index) => ({ node, pid: 100 + index }));

test("segments are made as switches", async () => {
  await expect(segmentsScript(topology)).toMatchFileSnapshot("testdata/segments.sh");
});

test("machines are plugged in, in the order of the topology", async () => {
  await expect(plugScript(topology, sockets, "/run/gate")).toMatchFileSnapshot("testdata/plug.sh");
});

test("a machine whose network cannot be set up is named, and none is plugged in after it", () => {
  const refusing = "ip() { :; }; nsenter() { echo 'RTNETLINK answers: File exists' >&2; return 2; }";
  const script = `${refusing}\n${plugScript(topology, sockets, "/nowhere")}\necho after`;
  const { status, stderr, stdout } = spawnSync("/bin/sh", ["-c", script], { encoding: "utf8" });
  expect({ status, stderr, stdout }).toEqual({
    status: 1,
    stderr: "RTNETLINK answers: File exists\nnode rt: its network could not be set up\n",
    stdout: "",
  });
});

test("a port that is unplugged stays so when its machine comes back", () => {
  const port = portsOf(topology).port("node", "k8s");
  const script = plugScript(topology, sockets.slice(1), "/run/gate", new Set([port]));
  expect(script).toMatch(new RegExp(`link set ${port} .* down$`, "m"));
});

test("device names fit into the kernel's 15 characters, whatever the topology's are", () => {
  const long = "a-segment-with-a-very-long-name";
  const { port, bridge } = portsOf(
    resolve({ segments: { [long]: "10.0.0.0/24" }, nodes: { [`node-${long}`]: { role: "host", on: [long] } } }),
  );
  expect([bridge(long), port(`node-${long}`, long)]).toEqual(["s0", "n0p0"]);
});

test("a name that the topology does not have is told", () => {
  const { port, bridge } = portsOf(topology);
  expect(() => bridge("rakB")).toThrow(/segment rakB/);
  expect(() => port("nobody", "k8s")).toThrow(/node nobody/);
  expect(() => port("node", "client")).toThrow(/node on segment client/);
});

test("a setting that containers share with their host is refused", () => {
  const touching = (name: string): ResolvedTopology => ({
    ...topology,
    nodes: topology.nodes.map((node) => ({ ...node, sysctls: { [name]: "1" } })),
  });
  for (const name of ["kernel.panic", "vm.overcommit_memory", "net/../kernel/panic", "net.x; reboot"]) {
    const { nodes } = touching(name);
    const plug = () =>
      plugScript(
        touching(name),
        nodes.map((node) => ({ node, pid: 1 })),
        "/gate",
      );
    expect(plug, name).toThrow(Misdeclared);
  }
});

test("names lead to the address on a common segment, else to the first", () => {
  const [rt, node] = topology.nodes;
  if (!rt || !node) throw new Error("the topology has two nodes");
  expect(hostsOf(node, topology)).toEqual([
    { name: "rt", address: "172.17.0.1" },
    { name: "node", address: "172.17.0.10" },
  ]);
  expect(hostsOf(rt, topology)[0]).toEqual({ name: "rt", address: "172.17.1.1" });
});
