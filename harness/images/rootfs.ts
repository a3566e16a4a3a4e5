import { createReadStream } from "node:fs";
import { mkdir, readFile, stat, statfs, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { Cache, cacheFolder } from "../artifacts/cache.ts";
import { diskFull, isDiskFull, putInPlace, sha256Of } from "../artifacts/files.ts";
import { host } from "../host/command.ts";
import type { Arch } from "../model/artifacts.ts";
import { LabBroken, reasonOf } from "../model/errors.ts";
import type { RootFs } from "../model/images.ts";
import type { Wait } from "../model/judging.ts";
import type { Progress, ProgressLine } from "../model/progress.ts";
import type { Layer } from "./layer.ts";
import { recipeDigest } from "./recipe.ts";
import { packageSources } from "./sources.ts";

/** Raised when what this file makes of the same recipe changes. */
const edition = 1;

/** Nobody reads these on a machine that lives for a minute. */
const leftOut = [
  "/usr/share/man/*",
  "/usr/share/doc/*",
  "/usr/share/info/*",
  "/usr/share/locale/*",
  "/usr/share/lintian/*",
];

const installing = {
  name: "installing",
  within: "15m",
  because: "half a minute with a near mirror; 100 MB of packages over a slow line take ten minutes",
} as const satisfies Wait;

/** The part of a root file system that its packages make: what the cache is keyed by. */
export function packagesDigest(root: RootFs, arch: Arch): string {
  const { suite, packages, disable } = root;
  return recipeDigest({ edition, arch, suite, packages: [...packages].sort(), disable, enable: packagedUnits(root) });
}

/**
 * The packages of a root file system as one layer: made by mmdebstrap from this computer's own package sources the first
 * time, about half a minute; afterwards from the cache, `rootfs/<digest>.tar`. Whole or not at all; two at once share the work.
 * Throws `LabBroken` with what mmdebstrap said last.
 */
export async function packagesLayer(
  root: RootFs,
  arch: Arch,
  progress: Progress,
  signal?: AbortSignal,
): Promise<Layer> {
  const cache = new Cache(cacheFolder());
  const path = join(cache.folder, "rootfs", `${packagesDigest(root, arch)}.tar`);
  const cached = await layerAt(path);
  if (cached) return cached;
  const line = progress.begin("root file system", root.name);
  try {
    await using _ours = await cache.lock(path, {
      onWait: () => line.note("another run is making it"),
      ...(signal && { signal }),
    });
    const made = (await layerAt(path)) ?? (await make(root, arch, path, cache, line, signal));
    line.done();
    return made;
  } catch (error) {
    line.failed(reasonOf(error).split("\n")[0] ?? "");
    throw error;
  }
}

async function layerAt(path: string): Promise<Layer | undefined> {
  const digest = await readFile(digestFile(path), "utf8").catch(() => undefined);
  const found = await stat(path).catch(() => undefined);
  const [sha256, bytes] = digest?.split(" ") ?? [];
  if (!found || found.size !== Number(bytes)) return undefined;
  return { digest: `sha256:${sha256}`, bytes: found.size, open: () => createReadStream(path) };
}

async function make(
  root: RootFs,
  arch: Arch,
  path: string,
  cache: Cache,
  line: ProgressLine,
  signal?: AbortSignal,
): Promise<Layer> {
  await using scratch = await cache.workspace();
  const tar = await debootstrap(root, arch, scratch.path, (text) => line.note(text), signal);
  const [digest, { size: bytes }] = [await sha256Of(tar, signal), await stat(tar)];
  await mkdir(dirname(path), { recursive: true });
  await writeFile(join(scratch.path, "digest"), `${digest} ${bytes}`);
  await putInPlace(tar, path);
  await putInPlace(join(scratch.path, "digest"), digestFile(path));
  return { digest: `sha256:${digest}`, bytes, open: () => createReadStream(path) };
}

/** Beside the tar: its digest and size, so that a start need not read it to know its name. */
const digestFile = (path: string) => `${path}.sha256`;

/** Units to enable that come with packages; those among the recipe's own files are enabled where the files are laid. */
function packagedUnits(root: RootFs): string[] {
  return root.enable.filter((unit) => root.files[`/etc/systemd/system/${unit}`] === undefined);
}

async function debootstrap(
  root: RootFs,
  arch: Arch,
  scratch: string,
  note: (text: string) => void,
  signal?: AbortSignal,
): Promise<string> {
  const tar = join(scratch, "rootfs.tar");
  const enable = packagedUnits(root);
  try {
    const sources = join(scratch, "debian.sources");
    await writeFile(sources, await packageSources(root.suite));
    await host(
      [
        "mmdebstrap",
        "--variant=minbase",
        "--format=tar",
        `--architectures=${arch}`,
        "--skip=output/dev",
        `--include=${root.packages.join(",")}`,
        // Java's packages link their manual pages into this folder, which is left out with all that is in it.
        '--setup-hook=mkdir -p "$1/usr/share/man/man1"',
        ...leftOut.map((glob) => `--dpkgopt=path-exclude=${glob}`),
        '--aptopt=APT::Install-Recommends "false"',
        '--aptopt=Acquire::Languages "none"',
        '--aptopt=Acquire::Retries "3"',
        ...(root.disable.length > 0
          ? [`--customize-hook=chroot "$1" systemctl disable ${root.disable.join(" ")}`]
          : []),
        ...(enable.length > 0 ? [`--customize-hook=chroot "$1" systemctl enable ${enable.join(" ")}`] : []),
        root.suite,
        tar,
        sources,
      ],
      {
        within: installing.within,
        env: { ...process.env, SOURCE_DATE_EPOCH: "0", LC_ALL: "C.UTF-8" },
        onLine: (text) => text.startsWith("I: ") && note(text.slice(3)),
        ...(signal && { signal }),
      },
    );
    return tar;
  } catch (cause) {
    if (signal?.aborted || !(cause instanceof LabBroken)) throw cause;
    if (isDiskFull(cause) || cause.message.includes("No space left on device"))
      throw await diskFull(`the root file system ${root.name}`, await fullest([scratch, tmpdir()]), cause);
    throw new LabBroken(`its root file system of ${root.packages.length} Debian packages could not be made`, {
      who: root.name,
      ...(cause.particulars.seen !== undefined && { seen: cause.particulars.seen }),
      look: "is mmdebstrap installed (./bootstrap does it), and do the package sources in /etc/apt answer (apt-get update)?",
      cause,
    });
  }
}

async function fullest(folders: readonly string[]): Promise<string> {
  const free = await Promise.all(folders.map((folder) => statfs(folder).then(({ bavail, bsize }) => bavail * bsize)));
  return folders[free.indexOf(Math.min(...free))] ?? "/";
}
