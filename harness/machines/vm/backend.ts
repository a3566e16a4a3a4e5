import type { ImageSet } from "#harness/model/images";
import type { MachineBackend, Prepared } from "#harness/model/machines";
import type { Progress } from "#harness/model/progress";
import { containerBackend } from "../container/backend.ts";
import { engine as findEngine } from "../container/engine.ts";
import { removeOldTagged, toolsImage } from "../container/tools-image.ts";
import { listVolumes } from "../container/volumes.ts";
import { guestDisk, removeOldDisks } from "./disk.ts";
import { hullRootFs } from "./hull.ts";
import { survey } from "./survey.ts";

/** Cluster machines as VMs, each in a hull that is a container of the engine; routers and hosts as their nodes say. */
export function vmBackend(): MachineBackend {
  return { ...containerBackend(), name: "vm", survey, prepare };
}

/** What containers need, which is what other machines of a lab are, and the hull and the disk of guests. */
async function prepare(images: ImageSet, progress: Progress, signal?: AbortSignal): Promise<Prepared> {
  const prepared = await containerBackend().prepare(images, progress, signal);
  const hull = await toolsImage(hullRootFs, progress, signal);
  const disk = await guestDisk(images, prepared.machineImage, hull, progress, signal);
  return { ...prepared, detail: { ...prepared.detail, hull, disk } };
}

/** Removes hulls and disks that none of these image sets is made of, unless a lab uses them. One line per removed thing. */
export async function removeOldVmImages(current: readonly ImageSet[], progress: Progress): Promise<string[]> {
  const engine = await findEngine();
  if ((await listVolumes(engine, "disk")).length === 0) return [];
  const hull = await toolsImage(hullRootFs, progress);
  const images = await removeOldTagged(engine, `hardway-${hullRootFs.name}`, new Set([hull]));
  const disks = await removeOldDisks(current, hull, progress);
  return [...images.map((tag) => `image ${tag}`), ...disks.map((name) => `volume ${name}`)];
}
