import { randomUUID } from "node:crypto";
import { LabBroken } from "#harness/model/errors";
import type { Evidence } from "#harness/model/evidence";
import type { Prepared } from "#harness/model/machines";
import type { Progress } from "#harness/model/progress";
import type { Topology } from "#harness/model/topology";
import { scratchFolder } from "#harness/run/scratch";
import { resolve } from "#harness/topology/resolve";
import { engine } from "../engine.ts";
import type { MachineRun } from "../raise.ts";

/** Two hosts on two segments and a router between them; addresses that the engine's own bridge has too. */
export const declared = {
  segments: { left: "172.17.0.0/24", right: "172.17.1.0/24" },
  nodes: {
    alice: { role: "host", on: ["left"], via: "172.17.0.1" },
    between: {
      role: "host",
      on: [
        { segment: "left", address: "172.17.0.1", name: "eth1" },
        { segment: "right", address: "172.17.1.1", name: "eth2" },
      ],
      sysctls: { "net.ipv4.ip_forward": "1", "net.ipv4.conf.eth2.rp_filter": "0" },
    },
    bob: { role: "worker", on: ["right"], via: "between", routes: [{ to: "192.0.2.0/24", via: "172.17.1.1" }] },
  },
} satisfies Topology;

export const topology = resolve(declared);

export const silent: Progress = {
  begin: () => ({ note: () => undefined, done: () => undefined, failed: () => undefined }),
};

export function testRun(): MachineRun & { readonly journalled: Evidence[]; abort(): void } {
  const id = `live-${randomUUID().slice(0, 8)}`;
  const journalled: Evidence[] = [];
  const controller = new AbortController();
  return {
    id,
    scenario: "live",
    folder: scratchFolder().path,
    signal: controller.signal,
    journal: { write: (entry) => void journalled.push(entry), attach: () => "" },
    journalled,
    abort: () => controller.abort(new Error("interrupted")),
  };
}

/** Any machine image that this engine has. */
export async function prepared(): Promise<Prepared> {
  const tagged = await (await engine()).docker.listImages();
  const machineImage = tagged.flatMap(({ RepoTags }) => RepoTags ?? []).find((tag) => tag.startsWith("hardway-machine:"));
  if (!machineImage)
    throw new LabBroken("this engine has no machine image yet", { look: "npx hardway up makes one" });
  const images = { machine: { packages: [] } } as unknown as Prepared["images"];
  return { images, machineImage, artifacts: [], detail: {} };
}
