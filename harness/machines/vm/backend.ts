import type { ImageSet } from "#harness/model/images";
import type { MachineBackend, Prepared } from "#harness/model/machines";
import type { Progress } from "#harness/model/progress";
import type { Deviation } from "#harness/model/provision";
import { containerBackend } from "../container/backend.ts";
import { engine as findEngine } from "../container/engine.ts";
import { removeOldTagged, toolsImage } from "../container/tools-image.ts";
import { listVolumes } from "../container/volumes.ts";
import { type ChosenEmulator, chooseEmulator } from "./choice.ts";
import { guestDisk, removeOldDisks } from "./disk.ts";
import { emulators } from "./emulators.ts";
import { survey } from "./survey.ts";

/** Cluster machines as VMs, each in a hull that is a container of the engine; routers and hosts as their nodes say. */
export function vmBackend(): MachineBackend {
  return {
    ...containerBackend(),
    name: "vm",
    survey: async (progress) => survey((await chooseEmulator(progress)).emulator, progress),
    pace: async (progress) => (await chooseEmulator(progress)).emulator.pace,
    prepare,
  };
}

/** What containers need, which is what other machines of a lab are, and the hull and the disk of guests. */
async function prepare(images: ImageSet, progress: Progress, signal?: AbortSignal): Promise<Prepared> {
  const prepared = await containerBackend().prepare(images, progress, signal);
  const choice = await chooseEmulator(progress);
  const { emulator } = choice;
  const hull = await toolsImage(emulator.hull, progress, signal);
  const disk = await guestDisk(images, prepared.machineImage, emulator, hull, progress, signal);
  return {
    ...prepared,
    deviations: [deviationOf(choice)],
    detail: { ...prepared.detail, emulator: emulator.name, hull, disk },
  };
}

const deviationOf = ({ emulator: { title, pace }, because }: ChosenEmulator): Deviation => ({
  kind: "lab",
  what: `VMs run on ${title}${pace !== undefined && pace > 1 ? `, and all waits are ${pace} times as long as for containers` : ""}`,
  because,
});

/** Removes hulls and disks that none of these image sets is made of with this computer's emulator, unless a lab uses them. One line per removed thing. */
export async function removeOldVmImages(current: readonly ImageSet[], progress: Progress): Promise<string[]> {
  const engine = await findEngine();
  if ((await listVolumes(engine, "disk")).length === 0) return [];
  const { emulator } = await chooseEmulator(progress);
  const hull = await toolsImage(emulator.hull, progress);
  const hulls = [...new Set(emulators.map((each) => `hardway-${each.hull.name}`))];
  const images = await Promise.all(hulls.map((name) => removeOldTagged(engine, name, new Set([hull]))));
  const disks = await removeOldDisks(current, emulator, hull, progress);
  return [...images.flat().map((tag) => `image ${tag}`), ...disks.map((name) => `volume ${name}`)];
}
