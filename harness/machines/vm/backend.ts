import type { ImageSet } from "#harness/model/images";
import type { MachineBackend, Prepared } from "#harness/model/machines";
import type { Progress } from "#harness/model/progress";
import { containerBackend } from "../container/backend.ts";
import { toolsImage } from "../container/tools-image.ts";
import { guestDisk } from "./disk.ts";
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
