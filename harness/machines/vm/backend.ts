import type { ImageSet } from "#harness/model/images";
import type { MachineBackend, Prepared } from "#harness/model/machines";
import type { Progress } from "#harness/model/progress";
import type { Deviation } from "#harness/model/provision";
import { containerBackend } from "../container/backend.ts";
import { engine as findEngine } from "../container/engine.ts";
import { removeOldTagged, toolsImage } from "../container/tools-image.ts";
import { listVolumes } from "../container/volumes.ts";
import { type ChosenEmulator, chooseEmulator } from "./choice.ts";
import { guestDisk, type Hulled, removeOldDisks } from "./disk.ts";
import { emulators } from "./emulators.ts";
import { qemu } from "./qemu.ts";
import { survey } from "./survey.ts";
import { userModeLinux } from "./uml.ts";

/**
 * Cluster machines as VMs, each in a hull that is a container of the engine; routers and hosts as their nodes say. Of two
 * backends the second, with `emulator`, is for what the guests of the first cannot do.
 */
export function vmBackend(emulator?: "qemu"): MachineBackend {
  const choice = (progress?: Progress) => chooseEmulator(progress, emulator);
  return {
    ...containerBackend(),
    name: "vm",
    survey: async (progress) => survey((await choice(progress)).emulator, progress),
    pace: async (progress) => (await choice(progress)).emulator.pace,
    async prepare(images, progress, signal) {
      const { because, ...chosen } = await choice(progress);
      const instead = "guests of User-mode Linux lack a feature that is needed, and ";
      return prepare({ ...chosen, because: emulator ? instead + because : because }, images, progress, signal);
    },
  };
}

/** What containers need, which is what other machines of a lab are, and the hull and the disk of guests. */
async function prepare(
  choice: ChosenEmulator,
  images: ImageSet,
  progress: Progress,
  signal?: AbortSignal,
): Promise<Prepared> {
  const prepared = await containerBackend().prepare(images, progress, signal);
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

/** Removes hulls and disks that none of these image sets is made of on this computer, unless a lab uses them. One line per removed thing. */
export async function removeOldVmImages(current: readonly ImageSet[], progress: Progress): Promise<string[]> {
  const engine = await findEngine();
  const there = await listVolumes(engine, "disk");
  if (there.length === 0) return [];
  const inUse: Hulled[] = [];
  // Whatever is asked for now: the next run may ask for the other.
  for (const [said, { disks }] of [["uml", userModeLinux] as const, ["qemu", qemu("tcg")] as const]) {
    if (!there.some((disk) => disk.startsWith(`${disks}-`))) continue;
    const { emulator } = await chooseEmulator(progress, said);
    inUse.push({ emulator, hull: await toolsImage(emulator.hull, progress) });
  }
  const hulls = [...new Set(emulators.map((each) => `hardway-${each.hull.name}`))];
  const kept = new Set(inUse.map(({ hull }) => hull));
  const images = await Promise.all(hulls.map((name) => removeOldTagged(engine, name, kept)));
  const disks = await removeOldDisks(current, inUse, progress);
  return [...images.flat().map((tag) => `image ${tag}`), ...disks.map((name) => `volume ${name}`)];
}
