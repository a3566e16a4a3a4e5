import { dirname, relative } from "node:path/posix";
import type { Container } from "dockerode";
import { type ArchivedImage, imageArchive } from "../../images/archive.ts";
import { LabBroken } from "../../model/errors.ts";
import { answered, type Engine, engine } from "./engine.ts";
import { runHelper } from "./helper.ts";
import { label, runLabels } from "./labels.ts";

/**
 * Where containerd keeps its store on a machine: filled once per version set and given to every machine without copying
 * its data. It lives in a volume of the engine's, as overlayfs cannot stand on a container's own overlayfs.
 */
export const storePath = "/var/lib/containerd";

/** The volume of one machine of one run. */
const machineStore = (run: string, machine: string) => `hardway-${run}-${machine}-containerd`;

/**
 * Fills the folder `containerd` of a volume with images, by containerd itself: a helper of the machine's own image runs
 * it, imports the images as its CRI plugin would have pulled them, pinned so that the kubelet never collects them, and
 * ends it cleanly. What an interrupted filling left is thrown away first. Throws `LabBroken` with what the helper said.
 */
export function fillStore(
  { arch }: Engine,
  volume: string,
  machineImage: string,
  images: readonly ArchivedImage[],
  signal?: AbortSignal,
): Promise<void> {
  return runHelper({
    what: "filling containerd's store",
    image: machineImage,
    script: filling,
    host: {
      CapAdd: ["SYS_ADMIN"],
      SecurityOpt: ["seccomp=unconfined", "apparmor=unconfined"],
      Mounts: [{ Type: "volume", Source: volume, Target: "/store", VolumeOptions: { NoCopy: true } as never }],
    },
    input: () => imageArchive(images, arch),
    ...(signal && { signal }),
  });
}

const filling = `
set -eu
# A machine that gets its containerd from others has one for this alone.
PATH=$PATH:/opt/hardway/store
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
  const volumes = machines.map((machine) => ({ machine, name: machineStore(run, machine) }));
  await Promise.all(
    volumes.map(({ machine, name }) => {
      const Labels = { ...runLabels("volume", run), [label.node]: machine, [label.store]: store };
      return docker.createVolume({ Name: name, Labels });
    }),
  );
  await cloneInto(
    volumes.map(({ name }) => name),
    { machineImage, store, run, whose: machines.join(", ") },
  );
  return new Map(volumes.map(({ machine, name }) => [machine, name]));
}

/**
 * Gives a machine's store the tree of its template again, whatever became of it; containerd must not run there. Throws
 * `LabBroken`.
 */
export async function recloneStore(machine: Container): Promise<void> {
  const { docker } = await engine();
  const { Config, Mounts } = await machine.inspect();
  const volume = Mounts.find(({ Destination }) => Destination === storePath)?.Name;
  const labels = volume === undefined ? {} : (await docker.getVolume(volume).inspect()).Labels;
  const [store, run, whose] = [labels[label.store], labels[label.run], Config.Labels[label.node]];
  if (volume === undefined || store === undefined || run === undefined)
    throw new LabBroken("the machine was raised without images", { who: whose ?? machine.id });
  await cloneInto([volume], { machineImage: Config.Image, store, run, whose: whose ?? "" });
}

interface Cloning {
  readonly machineImage: string;
  /** The template. */
  readonly store: string;
  readonly run: string;
  readonly whose: string;
}

async function cloneInto(clones: readonly string[], { machineImage, store, run, whose }: Cloning): Promise<void> {
  const { docker } = await engine();
  const mountpoint = async (volume: string) => (await docker.getVolume(volume).inspect()).Mountpoint;
  const template = await mountpoint(store).catch((cause) => {
    if (!answered(cause, 404)) throw cause;
    throw new LabBroken("containerd's prepared store is gone", {
      who: store,
      look: "start again: it is made anew",
      cause,
    });
  });
  // Hard links do not cross mounts, so the helper sees all volumes below one.
  const volumes = dirname(dirname(template));
  const inHelper = [template, ...(await Promise.all(clones.map(mountpoint)))].map((path) => relative(volumes, path));
  await runHelper({
    what: `cloning containerd's store for ${whose}`,
    image: machineImage,
    script: cloning,
    args: inHelper,
    host: { CapAdd: ["SYS_ADMIN"], Binds: [`${volumes}:/volumes`] },
    run,
  });
}

const cloning = `
set -eu
cd /volumes
template=$1/containerd
shift
clones=
for clone in "$@"; do
  {
    find "$clone" -mindepth 1 -delete
    cp -al "$template/." "$clone/"
    for db in "$clone"/*/*.db; do cp -p "$db" "$db.own"; mv "$db.own" "$db"; done
  } &
  clones="$clones $!"
done
for clone in $clones; do wait "$clone"; done
`;
