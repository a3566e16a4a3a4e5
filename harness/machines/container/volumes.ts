import { answered, type Engine, engine } from "./engine.ts";
import { label } from "./labels.ts";

/** What is made once per version set and kept in a volume of the engine's. */
export type Kept = "store" | "disk";

/**
 * A second, empty volume beside one says that it was filled to the end: a volume's labels cannot be changed, and this
 * one is seen without starting anything.
 */
const filledMark = (volume: string) => `${volume}-filled`;

/** Whether this engine has a volume, filled to the end. */
export async function isFilled({ docker }: Engine, volume: string): Promise<boolean> {
  const found = await Promise.all(
    [volume, filledMark(volume)].map((name) =>
      docker
        .getVolume(name)
        .inspect()
        .then(
          () => true,
          (error) => {
            if (answered(error, 404)) return false;
            throw error;
          },
        ),
    ),
  );
  return found.every(Boolean);
}

/** The names of all volumes of a kind, marks too. */
export async function listVolumes({ docker }: Pick<Engine, "docker">, is: Kept): Promise<string[]> {
  const { Volumes } = await docker.listVolumes({ filters: { label: [`${label.is}=${is}`] } });
  return (Volumes ?? []).map(({ Name }) => Name);
}

/** Makes a volume and fills it; when that fails nothing of it is left. */
export async function fillVolume(
  { docker }: Engine,
  volume: string,
  is: Kept,
  fill: () => Promise<void>,
): Promise<void> {
  await docker.createVolume({ Name: volume, Labels: { [label.is]: is } });
  await fill().catch(async (error) => {
    await removeVolume(volume).catch(() => undefined);
    throw error;
  });
  await docker.createVolume({ Name: filledMark(volume), Labels: { [label.is]: is } });
}

/** Removes the volumes of a kind that no current version set wants, with their marks, unless they are in use. Returns their names. */
export async function removeOldVolumes({ docker }: Engine, is: Kept, current: readonly string[]): Promise<string[]> {
  const there = new Set(await listVolumes({ docker }, is));
  const marks = new Set([...there].map(filledMark));
  const old = [...there].filter((name) => !marks.has(name) && !current.includes(name));
  const removed: string[] = [];
  for (const name of old) {
    if (!(await removeVolume(name))) continue;
    removed.push(name);
    // After its volume: one that is in use keeps its mark. A mark alone says nothing, and goes with the next call.
    const mark = filledMark(name);
    if (there.has(mark) && (await removeVolume(mark))) removed.push(mark);
  }
  return removed;
}

/** Removes one volume with its mark. */
export async function removeFilled(volume: string): Promise<void> {
  for (const name of [filledMark(volume), volume]) await removeVolume(name);
}

/** Whether it is gone; not while somebody uses it. */
async function removeVolume(name: string): Promise<boolean> {
  const { docker } = await engine();
  try {
    await docker.getVolume(name).remove();
    return true;
  } catch (error) {
    if (answered(error, 404)) return true;
    if (answered(error, 409)) return false;
    throw error;
  }
}
