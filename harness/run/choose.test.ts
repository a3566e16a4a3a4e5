import { expect, test } from "vitest";
import type { Feature, Features } from "#harness/model/features";
import type { MachineBackend } from "#harness/model/machines";
import type { Scenario } from "#harness/model/scenario";
import { type Backends, chooseMachines } from "./choose.ts";

const topology: Scenario["topology"] = {
  segments: { k8s: "172.17.0.0/24" },
  nodes: { "k8s-node-01": { role: "worker", on: ["k8s"] } },
};
const scenario = (needs: readonly Feature[]) =>
  ({ id: "tunnels", needs, topology, cluster: { addons: [], provisioner: {} } }) as unknown as Scenario;

const backend = (name: MachineBackend["name"], has: readonly Feature[], pace?: number) => {
  const how = "ip link add";
  const features = new Map(has.map((feature) => [feature, { feature, present: true, how }])) satisfies Features;
  return { name, survey: async () => features, pace: async () => pace } as unknown as MachineBackend;
};

const containers = backend("container", ["vxlan"]);
const vms = backend("vm", ["vxlan", "ipip"], 3);
const slowVms = backend("vm", ["vxlan", "ipip", "wireguard"], 15);
const backends: Backends = [
  ["container", containers],
  ["vm", vms],
  ["vm", slowVms],
];

test.each([
  ["containers where their kernel has what is needed", ["vxlan"], containers, undefined],
  ["VMs where it has not", ["ipip"], vms, 3],
  ["slower VMs where only theirs has it", ["ipip", "wireguard"], slowVms, 15],
] as const)("%s", async (_, needs, expected, pace) => {
  const chosen = await chooseMachines(scenario(needs), backends, {});
  expect(chosen.backend).toBe(expected);
  expect(chosen.topology.nodes[0]?.pace).toBe(pace);
});

test("one that is forced is asked alone, and what lacks is said once for each kernel", async () => {
  expect((await chooseMachines(scenario(["vxlan"]), backends, { forced: "vm" })).backend).toBe(vms);
  await expect(chooseMachines(scenario(["wireguard", "tcp-md5"]), backends, { forced: "container" })).rejects.toThrow(
    /this host lacks wireguard, tcp-md5$/m,
  );
  await expect(chooseMachines(scenario(["tcp-md5"]), backends, {})).rejects.toThrow(
    /this host lacks tcp-md5; the kernel of VM machines lacks tcp-md5$/m,
  );
});

test("a kind of machine that there is none of is told", async () => {
  await expect(chooseMachines(scenario(["vxlan"]), [["vm", vms]], { forced: "container" })).rejects.toThrow(
    /^--machines is misdeclared:\n +- none of the machines to choose from is a container: those of an inventory are VMs$/,
  );
});
