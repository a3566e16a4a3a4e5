import { PassThrough, type Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import type { Layer } from "#harness/images/layer";
import { recipeDigest } from "#harness/images/recipe";
import type { ImageSet } from "#harness/model/images";
import type { Progress, ProgressLine } from "#harness/model/progress";
import { engine as findEngine } from "../container/engine.ts";
import { runHelper } from "../container/helper.ts";
import { alone, type Bake, planOf, podArchives, rootFsLayers } from "../container/image.ts";
import { fillStore } from "../container/store.ts";
import { fillVolume, isFilled, removeOldVolumes } from "../container/volumes.ts";
import type { Emulator } from "./emulator.ts";
import { guestImages } from "./guest-images.ts";
import { diskFolder } from "./layout.ts";

/** Raised when what this file makes of the same recipe changes. */
const edition = 1;

/**
 * The base of the disks of guests, in a volume of the engine's: an ext4 file system with the machine's root file system,
 * containerd's store with the pod images, and the modules of the hull's kernel. Every guest writes to a copy of its own
 * (copy on write). Named by what it is made of, so that it is made once. `machineImage` is a container image of the same
 * set: its containerd fills the store. Returns the volume's name. Throws `LabBroken`.
 */
export async function guestDisk(
  set: ImageSet,
  machineImage: string,
  emulator: Emulator,
  hull: string,
  progress: Progress,
  signal?: AbortSignal,
): Promise<string> {
  const { bake, disk } = await planDisk(set, emulator, hull, progress, signal);
  const isThere = () => isFilled(bake.engine, disk);
  if (await isThere()) return disk;
  await alone(disk, "disk of VM machines", bake, isThere, (_, line) =>
    make(bake, disk, machineImage, emulator, hull, line),
  );
  return disk;
}

/** An emulator, and the image of its hulls. */
export interface Hulled {
  readonly emulator: Emulator;
  readonly hull: string;
}

/** Removes disks of other image sets than these, or for other hulls, unless a lab uses them. Returns their names. */
export async function removeOldDisks(
  current: readonly ImageSet[],
  hulled: readonly Hulled[],
  progress: Progress,
): Promise<string[]> {
  const plans = await Promise.all(
    hulled.flatMap(({ emulator, hull }) => current.map((set) => planDisk(set, emulator, hull, progress))),
  );
  return removeOldVolumes(
    await findEngine(),
    "disk",
    plans.map(({ disk }) => disk),
  );
}

async function planDisk(
  set: ImageSet,
  emulator: Emulator,
  hull: string,
  progress: Progress,
  signal?: AbortSignal,
): Promise<{ readonly bake: Bake; readonly disk: string }> {
  const engine = await findEngine();
  const guest = guestImages(set, emulator);
  const plan = await planOf(engine, guest, progress, signal);
  const digest = recipeDigest({ edition, hull, machine: plan.machineImage, store: plan.store }).slice(0, 12);
  return {
    bake: { engine, set: guest, plan, progress, ...(signal && { signal }) },
    disk: `${emulator.disks}-${set.name}-${digest}`,
  };
}

async function make(
  bake: Bake,
  disk: string,
  machineImage: string,
  emulator: Emulator,
  hull: string,
  line: ProgressLine,
): Promise<void> {
  const { engine, signal } = bake;
  const images = await podArchives(bake);
  const layers = await rootFsLayers(bake.set.machine, bake);
  await fillVolume(engine, disk, "disk", async () => {
    line.note(`importing ${images.length} images`);
    await fillStore(engine, disk, machineImage, images, signal);
    line.note("writing the file system");
    await runHelper({
      what: "making the disk of VM machines",
      image: hull,
      script: making(emulator),
      host: {
        Mounts: [{ Type: "volume", Source: disk, Target: diskFolder, VolumeOptions: { NoCopy: true } as never }],
      },
      input: () => concatenated(layers),
      ...(signal && { signal }),
    });
  });
}

/** Room for what a machine writes, in KiB: the file is sparse, so it costs nothing until it is used. */
const room = 6 * 2 ** 20;

const making = ({ modules }: Emulator): string => `
set -eu
cd ${diskFolder}
rm -rf root base.ext4
mkdir root
tar -x --ignore-zeros --numeric-owner --preserve-permissions --xattrs --xattrs-include='*' -C root -f -
rm -f root/etc/ssh/ssh_host_*
mkdir -p root/root/.ssh root/var/lib root/lib/modules root/proc root/sys root/dev root/run root/tmp
chmod 700 root/root/.ssh
rm -rf root/var/lib/containerd
mv containerd root/var/lib/containerd
cp -a ${modules}/. root/lib/modules/
used=$(du -sk root | cut -f1)
mkfs.ext4 -q -F -m 0 -J size=32 -E lazy_itable_init=1,assume_storage_prezeroed=1,root_owner=0:0 \\
  -d root base.ext4 $((used + used / 8 + ${room}))k
rm -rf root
sync -f .
`;

/** One tar after the other. */
function concatenated(layers: readonly Layer[]): Readable {
  const all = new PassThrough();
  const write = async () => {
    for (const layer of layers) await pipeline(layer.open(), all, { end: false });
    all.end();
  };
  write().catch((error) => all.destroy(error));
  return all;
}
