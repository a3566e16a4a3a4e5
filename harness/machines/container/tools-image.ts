import { obtain } from "#harness/artifacts/obtain";
import { type ArchivedImage, imageArchive } from "#harness/images/archive";
import { overlayLayer } from "#harness/images/layer";
import { recipeDigest } from "#harness/images/recipe";
import { packagesLayer } from "#harness/images/rootfs";
import { LabBroken, reasonOf } from "#harness/model/errors";
import type { RootFs } from "#harness/model/images";
import type { Progress } from "#harness/model/progress";
import { answered, type Engine, engine as findEngine } from "./engine.ts";
import { label } from "./labels.ts";

const silent: Progress = { begin: () => ({ note: () => undefined, done: () => undefined, failed: () => undefined }) };

/**
 * An image of Debian packages, and programs where it names any, for the lab's own helpers: half a minute the first time, then there.
 * Returns its name, `hardway-<name of the root file system>:<digest>`. Throws `LabBroken`.
 */
export async function toolsImage(root: RootFs, progress: Progress = silent, signal?: AbortSignal): Promise<string> {
  const engine = await findEngine();
  const layers = [
    await packagesLayer(root, engine.arch, progress, signal),
    ...(await programsLayer(root, progress, signal)),
  ];
  const ref = `hardway-${root.name}:${recipeDigest(layers.map(({ digest }) => digest)).slice(0, 12)}`;
  if (await hasImage(engine, ref)) return ref;
  await loadImage(engine, { ref, layers, config: { Cmd: ["/bin/sh"], Labels: { [label.is]: "image" } } });
  return ref;
}

async function programsLayer({ programs, files }: RootFs, progress: Progress, signal: AbortSignal | undefined) {
  const wanted = Object.values(programs);
  if (wanted.length === 0) return [];
  const artifacts = await obtain(wanted, { progress, ...(signal && { signal }) });
  return [await overlayLayer({ programs, files }, artifacts)];
}

/** Whether the engine has an image of this name. */
export async function hasImage({ docker }: Engine, name: string): Promise<boolean> {
  try {
    await docker.getImage(name).inspect();
    return true;
  } catch (error) {
    if (answered(error, 404)) return false;
    throw error;
  }
}

/** Puts an image into the engine. Throws `LabBroken` with what the engine says. */
export async function loadImage({ docker, arch }: Engine, image: ArchivedImage): Promise<void> {
  const said = await docker.loadImage(imageArchive([image], arch), { quiet: true });
  await new Promise<void>((resolve, reject) =>
    docker.modem.followProgress(said, (error) => (error ? reject(error) : resolve())),
  ).catch((cause) => {
    throw new LabBroken("the container engine did not take the image", {
      who: image.ref,
      seen: reasonOf(cause),
      look: "is the engine's disk full? docker system df",
      cause,
    });
  });
}

/** Removes the lab's images of a repository but for those that are kept, unless they are in use. Returns their names. */
export async function removeOldTagged(
  { docker }: Engine,
  repository: string,
  kept: ReadonlySet<string>,
): Promise<string[]> {
  const removed: string[] = [];
  const listed = await docker.listImages({ filters: { label: [`${label.is}=image`] } });
  for (const tag of listed.flatMap(({ RepoTags }) => RepoTags ?? [])) {
    if (!tag.startsWith(`${repository}:`) || kept.has(tag)) continue;
    try {
      await docker.getImage(tag).remove();
      removed.push(tag);
    } catch (error) {
      if (!answered(error, 404, 409)) throw error;
    }
  }
  return removed;
}
