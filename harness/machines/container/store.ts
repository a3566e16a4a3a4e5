import { dirname, relative } from "node:path/posix";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import type { Container, HostConfig } from "dockerode";
import { type ArchivedImage, imageArchive } from "../../images/archive.ts";
import { LabBroken } from "../../model/errors.ts";
import { answered, type Engine, engine } from "./engine.ts";
import { type Frame, Frames } from "./frames.ts";
import { removeContainer } from "./lab-container.ts";
import { label, runLabels } from "./labels.ts";

/**
 * containerd's store, filled once per version set and given to every machine without copying its data. It lives in a
 * volume of the engine's, as overlayfs cannot stand on a container's own overlayfs. A second, empty volume beside it says
 * that it was filled to the end: a volume's labels cannot be changed, and this one is seen without starting anything.
 */
const filledMark = (store: string) => `${store}-filled`;

/** Where containerd keeps its store on a machine. */
export const storePath = "/var/lib/containerd";

/** The volume of one machine of one run. */
const machineStore = (run: string, machine: string) => `hardway-${run}-${machine}-containerd`;

/** Whether this engine has the store, filled to the end. */
export async function hasStore({ docker }: Engine, store: string): Promise<boolean> {
  const found = await Promise.all(
    [store, filledMark(store)].map((name) =>
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

/**
 * Fills the volume `store` with images, by containerd itself: a helper of the machine's own image runs it, imports the
 * images as its CRI plugin would have pulled them, pinned so that the kubelet never collects them, and ends it cleanly.
 * What an interrupted filling left is thrown away first. Throws `LabBroken` with what the helper said.
 */
export async function fillStore(
  { docker, arch }: Engine,
  store: string,
  machineImage: string,
  images: readonly ArchivedImage[],
  signal?: AbortSignal,
): Promise<void> {
  await docker.createVolume({ Name: store, Labels: { [label.is]: "store" } });
  const filled = once({
    what: "filling containerd's store",
    image: machineImage,
    script: filling,
    host: {
      CapAdd: ["SYS_ADMIN"],
      SecurityOpt: ["seccomp=unconfined", "apparmor=unconfined"],
      Mounts: [{ Type: "volume", Source: store, Target: "/store", VolumeOptions: { NoCopy: true } as never }],
    },
    input: () => imageArchive(images, arch),
    ...(signal && { signal }),
  });
  await filled.catch(async (error) => {
    await removeVolume(store).catch(() => undefined);
    throw error;
  });
  await docker.createVolume({ Name: filledMark(store), Labels: { [label.is]: "store" } });
}

const filling = `
set -eu
filling=/store/filling
rm -rf "$filling" /store/containerd
cat >/run/filling.toml <<EOF
version = 3
root = "$filling"
disabled_plugins = ["io.containerd.grpc.v1.cri", "io.containerd.cri.v1.runtime", "io.containerd.cri.v1.images"]
[plugins."io.containerd.metadata.v1.bolt"]
  no_sync = true
EOF
containerd --config /run/filling.toml >/run/containerd.log 2>&1 &
until ctr version >/dev/null 2>&1; do
  kill -0 $! || { cat /run/containerd.log; exit 1; }
  sleep 0.05
done
ctr -n k8s.io images import --local --label io.cri-containerd.image=managed --label io.cri-containerd.pinned=pinned -
kill $!
wait $! || { cat /run/containerd.log; exit 1; }
# What belongs to one containerd and not to its store.
rm -rf "$filling"/io.containerd.grpc.v1.introspection "$filling"/io.containerd.runtime.v2.task "$filling"/tmpmounts
sync -f "$filling"
mv "$filling" /store/containerd
`;

/**
 * A store of their own for the machines of a run: the template's tree with hard links to its files, which containerd
 * only ever reads, adds or removes, and real copies of its databases, which it writes in place. Made by one helper for
 * all machines, in parallel. Returns the volume of each machine, to be mounted at `storePath`. They carry the run's labels.
 * Throws `LabBroken`.
 */
export async function cloneStores(
  machineImage: string,
  store: string,
  run: string,
  machines: readonly string[],
): Promise<ReadonlyMap<string, string>> {
  const { docker } = await engine();
  const template = await docker
    .getVolume(store)
    .inspect()
    .catch((cause) => {
      if (!answered(cause, 404)) throw cause;
      throw new LabBroken("containerd's prepared store is gone", {
        who: store,
        look: "start again: it is made anew",
        cause,
      });
    });
  // Hard links do not cross mounts, so the helper sees both volumes below one.
  const volumes = dirname(dirname(template.Mountpoint));
  const inHelper = (mountpoint: string) => relative(volumes, mountpoint);
  const targets = await Promise.all(
    machines.map(async (machine) => {
      const name = machineStore(run, machine);
      const Labels = { ...runLabels("volume", run), [label.node]: machine };
      await docker.createVolume({ Name: name, Labels });
      return inHelper((await docker.getVolume(name).inspect()).Mountpoint);
    }),
  );
  await once({
    what: `cloning containerd's store for ${machines.join(", ")}`,
    image: machineImage,
    script: cloning,
    args: [inHelper(template.Mountpoint), ...targets],
    host: { CapAdd: ["SYS_ADMIN"], Binds: [`${volumes}:/volumes`] },
    run,
  });
  return new Map(machines.map((machine) => [machine, machineStore(run, machine)]));
}

const cloning = `
set -eu
cd /volumes
template=$1/containerd
shift
clones=
for clone in "$@"; do
  {
    cp -al "$template/." "$clone/"
    for db in "$clone"/*/*.db; do cp -p "$db" "$db.own"; mv "$db.own" "$db"; done
  } &
  clones="$clones $!"
done
for clone in $clones; do wait "$clone"; done
`;

/** Removes the stores that no current version set wants, with their marks, unless they are being filled. Returns their names. */
export async function removeOldStores({ docker }: Engine, current: readonly string[]): Promise<string[]> {
  const { Volumes } = await docker.listVolumes({ filters: { label: [`${label.is}=store`] } });
  const kept = new Set(current.flatMap((store) => [store, filledMark(store)]));
  const old = (Volumes ?? []).map(({ Name }) => Name).filter((name) => !kept.has(name));
  const removed: string[] = [];
  // Marks first: a store without its mark is filled anew, a mark without its store too.
  for (const name of old.sort((a, b) => b.length - a.length)) if (await removeVolume(name)) removed.push(name);
  return removed;
}

/** Removes one store with its mark. */
export async function removeStore(store: string): Promise<void> {
  for (const name of [filledMark(store), store]) await removeVolume(name);
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

interface Helper {
  readonly what: string;
  readonly image: string;
  readonly script: string;
  readonly args?: readonly string[];
  readonly host: HostConfig;
  readonly input?: () => Readable;
  readonly run?: string;
  readonly signal?: AbortSignal;
}

/** Runs a script to its end in a container of its own, which is then removed. Throws `LabBroken` with what it said. */
async function once({ what, image, script, args = [], host, input, run, signal }: Helper): Promise<void> {
  const { docker } = await engine();
  signal?.throwIfAborted();
  const container = await docker.createContainer({
    Image: image,
    Entrypoint: ["sh", "-c", script, "sh"],
    Cmd: [...args],
    Labels: runLabels("helper", run ?? `prepare-${process.pid}`),
    ...(input && { OpenStdin: true, StdinOnce: true }),
    HostConfig: { NetworkMode: "none", LogConfig: { Type: "json-file", Config: { "max-size": "1m" } }, ...host },
  });
  const started = Date.now();
  try {
    const work = input ? runFed(container, input()) : runToEnd(container);
    const { exitCode, starved } = await Promise.race([work, abortOf(signal)]);
    if (exitCode === 0 && !starved) return;
    throw new LabBroken(`${what} failed${exitCode === 0 ? "" : ` with exit code ${exitCode}`}`, {
      who: "container engine",
      waitedMs: Date.now() - started,
      seen: (await saidBy(container)) || starved?.message || "nothing",
      look: "is the engine's disk full? docker system df",
      ...(starved && { cause: starved }),
    });
  } finally {
    await removeContainer(container);
  }
}

interface Ended {
  readonly exitCode: number;
  /** Why its input did not reach it whole. */
  readonly starved?: Error;
}

async function runToEnd(container: Container): Promise<Ended> {
  await container.start();
  return { exitCode: (await container.wait()).StatusCode };
}

async function runFed(container: Container, input: Readable): Promise<Ended> {
  const stdin = await container.attach({ stream: true, stdin: true, hijack: true });
  const [ended, starved] = await Promise.all([runToEnd(container), feed(input, stdin)]);
  return { ...ended, ...(starved && { starved }) };
}

/** Never comes, or rejects with the signal's reason. */
function abortOf(signal: AbortSignal | undefined): Promise<never> {
  return new Promise((_, reject) => {
    if (signal?.aborted) reject(signal.reason);
    signal?.addEventListener("abort", () => reject(signal.reason), { once: true });
  });
}

/** A reader that ends before its input does is no failure here: its exit code tells. */
async function feed(from: Readable, to: NodeJS.ReadWriteStream): Promise<Error | undefined> {
  try {
    await pipeline(from, to as unknown as NodeJS.WritableStream);
    return undefined;
  } catch (error) {
    return error as Error;
  }
}

async function saidBy(container: Container): Promise<string> {
  const raw = await container.logs({ stdout: true, stderr: true, tail: 20 });
  const frames: Frame[] = await Readable.from([raw]).pipe(new Frames()).toArray();
  return Buffer.concat(frames.map(({ data }) => data))
    .toString()
    .trim();
}
