import { Cache, cacheFolder } from "../../artifacts/cache.ts";
import { obtain } from "../../artifacts/obtain.ts";
import type { ArchivedImage } from "../../images/archive.ts";
import { enabling, type Layer, overlayLayer } from "../../images/layer.ts";
import { recipeDigest } from "../../images/recipe.ts";
import { packagesDigest, packagesLayer } from "../../images/rootfs.ts";
import type { Artifact, Program } from "../../model/artifacts.ts";
import { LabBroken } from "../../model/errors.ts";
import type { ImageSet, PodImage, RootFs } from "../../model/images.ts";
import type { Prepared } from "../../model/machines.ts";
import type { Progress, ProgressLine } from "../../model/progress.ts";
import { type Engine, engine as findEngine } from "./engine.ts";
import { label } from "./labels.ts";
import { fillStore } from "./store.ts";
import { hasImage, loadImage, removeOldTagged } from "./tools-image.ts";
import { fillVolume, isFilled, removeFilled, removeOldVolumes } from "./volumes.ts";

/** Raised when what this file makes of the same recipe changes. */
const edition = 1;

const repository = "hardway-machine";

/** The artifacts of an image set, and the names of what is made of them. */
export interface Plan {
  readonly artifacts: ReadonlyMap<Program, Artifact>;
  readonly machineImage: string;
  readonly store: string;
}

/**
 * Obtains the programs of an image set, bakes its machine image into the engine and fills a containerd store with its
 * pod images. Both are named by what they are made of, so that what is there already is right, and takes milliseconds.
 * Two at once share the work. Throws `LabBroken`.
 */
export async function prepare(set: ImageSet, progress: Progress, signal?: AbortSignal): Promise<Prepared> {
  const engine = await findEngine();
  const plan = await planOf(engine, set, progress, signal);
  const bake: Bake = { engine, set, plan, progress, ...(signal && { signal }) };
  const { machineImage, store } = plan;
  const [image, filled] = await Promise.all([hasImage(engine, machineImage), isFilled(engine, store)]);
  if (!image) await alone(machineImage, "machine image", bake, () => hasImage(engine, machineImage), loadMachine);
  if (!filled) await alone(store, "pod images", bake, () => isFilled(engine, store), fill);
  return { images: set, machineImage, artifacts: [...plan.artifacts.values()], detail: { store } };
}

/** Removes machine images and stores of other version sets than these, unless a lab uses them. One line per removed thing. */
export async function removeOldImages(current: readonly ImageSet[], progress: Progress): Promise<string[]> {
  const engine = await findEngine();
  const plans = await Promise.all(current.map((set) => planOf(engine, set, progress)));
  const kept = new Set(plans.map(({ machineImage }) => machineImage));
  const removed = await removeOldTagged(engine, repository, kept);
  const stores = await removeOldVolumes(
    engine,
    "store",
    plans.map(({ store }) => store),
  );
  return [...removed.map((tag) => `image ${tag}`), ...stores.map((name) => `volume ${name}`)];
}

/** Removes the machine image and the store of one image set, wherever they are not in use. */
export async function removeImages(set: ImageSet, progress: Progress): Promise<void> {
  const engine = await findEngine();
  const { machineImage, store } = await planOf(engine, set, progress);
  await removeFilled(store);
  await engine.docker.getImage(machineImage).remove();
}

export async function planOf({ arch }: Engine, set: ImageSet, progress: Progress, signal?: AbortSignal): Promise<Plan> {
  const programs = [...new Set([set.machine, ...set.pods].flatMap((of) => Object.values(of.programs)))];
  const artifacts = await obtain(programs, { arch, progress, ...(signal && { signal }) });
  const digests = (of: Readonly<Record<string, Program>>) =>
    Object.entries(of).map(([path, program]) => [path, artifacts.get(program)?.sha256]);
  const rootFs = ({ programs, files, enable, ...root }: RootFs) => ({
    packages: packagesDigest({ programs, files, enable, ...root }, arch),
    programs: digests(programs),
    files,
    enable,
  });
  const machine = recipeDigest({ edition, machine: rootFs(set.machine) }).slice(0, 12);
  const pods = set.pods.map(({ base, programs, ...pod }) => ({
    ...pod,
    ...(base && { base: rootFs(base) }),
    programs: digests(programs),
  }));
  const store = recipeDigest({ edition, machine, pods }).slice(0, 12);
  return {
    artifacts,
    machineImage: `${repository}:${set.name}-${machine}`,
    store: `hardway-store-${set.name}-${store}`,
  };
}

/** What is to be made, and of what. */
export interface Bake {
  readonly engine: Engine;
  readonly set: ImageSet;
  readonly plan: Plan;
  readonly progress: Progress;
  readonly signal?: AbortSignal;
}

/** Makes what is not there yet, while no other run on this computer does. */
export async function alone(
  name: string,
  what: string,
  bake: Bake,
  isThere: () => Promise<boolean>,
  make: (bake: Bake, line: ProgressLine) => Promise<void>,
): Promise<void> {
  const { progress, signal } = bake;
  const line = progress.begin(what, bake.set.name);
  try {
    const onWait = () => line.note("another run is making it");
    await using _ours = await new Cache(cacheFolder()).lock(name, { onWait, ...(signal && { signal }) });
    if (!(await isThere())) await make(bake, line);
    line.done(name);
  } catch (error) {
    line.failed(String(error instanceof Error ? error.message : error).split("\n")[0] ?? "");
    throw error;
  }
}

async function loadMachine(bake: Bake, line: ProgressLine): Promise<void> {
  const { engine, set, plan } = bake;
  const layers = await rootFsLayers(set.machine, bake);
  line.note(`loading ${Math.round(layers.reduce((sum, layer) => sum + layer.bytes, 0) / 1e6)} MB into the engine`);
  const image: ArchivedImage = {
    ref: plan.machineImage,
    layers,
    config: {
      Cmd: ["/sbin/init"],
      Env: ["container=docker", "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"],
      StopSignal: "SIGRTMIN+3",
      Labels: { [label.is]: "image", "hardway.images": set.name },
    },
  };
  await loadImage(engine, image);
  if (!(await hasImage(engine, plan.machineImage)))
    throw new LabBroken("the container engine loaded the machine image and does not have it", {
      who: plan.machineImage,
    });
}

async function fill(bake: Bake, line: ProgressLine): Promise<void> {
  const { engine, plan, signal } = bake;
  const images = await podArchives(bake);
  line.note(`importing ${images.length} images`);
  await fillVolume(engine, plan.store, "store", () => fillStore(engine, plan.store, plan.machineImage, images, signal));
}

/** The images of a set's pods, ready to be written. */
export async function podArchives(bake: Bake): Promise<ArchivedImage[]> {
  const { set, plan, signal } = bake;
  const images: ArchivedImage[] = [];
  const bases = new Map<RootFs, Layer[]>();
  for (const pod of set.pods) {
    signal?.throwIfAborted();
    let base: Layer[] = [];
    if (pod.base) {
      base = bases.get(pod.base) ?? (await rootFsLayers(pod.base, bake));
      bases.set(pod.base, base);
    }
    const own = await overlayLayer(pod, plan.artifacts);
    images.push({ ref: pod.ref, layers: [...base, own], config: configOf(pod) });
  }
  return images;
}

/** The packages, and over them what the recipe has of its own, if anything. */
export async function rootFsLayers(
  root: RootFs,
  { engine, plan, progress, signal }: Pick<Bake, "engine" | "plan" | "progress" | "signal">,
): Promise<Layer[]> {
  const packages = await packagesLayer(root, engine.arch, progress, signal);
  const { programs, files } = root;
  const links = enabling(root.enable, files);
  if (Object.keys({ ...programs, ...files, ...links }).length === 0) return [packages];
  return [packages, await overlayLayer({ programs, files, links }, plan.artifacts)];
}

function configOf({ entrypoint, cmd, env, user }: PodImage): ArchivedImage["config"] {
  return {
    ...(entrypoint.length > 0 && { Entrypoint: entrypoint }),
    ...(cmd && { Cmd: cmd }),
    ...(env && { Env: Object.entries(env).map(([name, value]) => `${name}=${value}`) }),
    ...(user !== undefined && { User: user }),
  };
}
