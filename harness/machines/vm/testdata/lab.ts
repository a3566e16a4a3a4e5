import { paced } from "#harness/judging/pace";
import { LabBroken } from "#harness/model/errors";
import type { Prepared } from "#harness/model/machines";
import type { Topology } from "#harness/model/topology";
import { resolve } from "#harness/topology/resolve";
import { engine } from "../../container/engine.ts";
import { prepared as preparedContainers } from "../../container/testdata/lab.ts";
import { toolsImage } from "../../container/tools-image.ts";
import { isFilled, listVolumes } from "../../container/volumes.ts";
import { chooseEmulator } from "../choice.ts";

/** Two guests on one segment, one on another, and a router between them that is a container. */
export const declared = {
  segments: { left: "172.17.0.0/24", right: "172.17.1.0/24" },
  nodes: {
    alice: { machine: "vm", role: "host", on: ["left"], via: "between" },
    anna: { machine: "vm", role: "host", on: ["left"], via: "between", sysctls: { "net.ipv4.conf.default.rp_filter": "1" } },
    between: {
      role: "host",
      on: [
        { segment: "left", address: "172.17.0.1", name: "eth1" },
        { segment: "right", address: "172.17.1.1", name: "eth2" },
      ],
      sysctls: { "net.ipv4.ip_forward": "1" },
    },
    bob: { machine: "vm", role: "worker", on: [{ segment: "right", name: "ens3" }], via: "between" },
  },
} satisfies Topology;

export const topology = await atThisPace(declared);

/** A topology resolved for the pace of this computer's emulator. */
export async function atThisPace(topology: Topology) {
  return paced(resolve(topology), (await chooseEmulator()).emulator.pace);
}

/** Any machine image that this engine has, and any disk of guests of this computer's emulator. */
export async function prepared(): Promise<Prepared> {
  const found = await engine();
  const { emulator } = await chooseEmulator();
  for (const name of await listVolumes(found, "disk")) {
    if (!name.startsWith(`${emulator.disks}-`) || !(await isFilled(found, name))) continue;
    const containers = await preparedContainers();
    const hull = await toolsImage(emulator.hull);
    return { ...containers, detail: { ...containers.detail, emulator: emulator.name, hull, disk: name } };
  }
  throw new LabBroken(`this engine has no disk of VM machines for ${emulator.title} yet`, {
    look: "HARDWAY_MACHINES=vm npx hardway up",
  });
}
