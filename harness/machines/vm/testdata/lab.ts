import { LabBroken } from "#harness/model/errors";
import type { Prepared } from "#harness/model/machines";
import type { Topology } from "#harness/model/topology";
import { resolve } from "#harness/topology/resolve";
import { engine } from "../../container/engine.ts";
import { label } from "../../container/labels.ts";
import { prepared as preparedContainers } from "../../container/testdata/lab.ts";
import { toolsImage } from "../../container/tools-image.ts";
import { isFilled } from "../../container/volumes.ts";
import { hullRootFs } from "../hull.ts";

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

export const topology = resolve(declared);

/** Any machine image that this engine has, and any disk of guests. */
export async function prepared(): Promise<Prepared> {
  const found = await engine();
  const { Volumes } = await found.docker.listVolumes({ filters: { label: [`${label.is}=disk`] } });
  for (const { Name } of Volumes ?? []) {
    if (!(await isFilled(found, Name))) continue;
    const containers = await preparedContainers();
    return { ...containers, detail: { ...containers.detail, hull: await toolsImage(hullRootFs), disk: Name } };
  }
  throw new LabBroken("this engine has no disk of VM machines yet", { look: "HARDWAY_MACHINES=vm npx hardway up" });
}
