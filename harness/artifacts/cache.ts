import { createHash, randomUUID } from "node:crypto";
import { chmod, mkdir, open, readdir, readFile, rm, stat, utimes } from "node:fs/promises";
import { homedir, hostname } from "node:os";
import { isAbsolute, join } from "node:path";
import { setTimeout as after } from "node:timers/promises";
import { lock } from "proper-lockfile";
import type { Arch, Artifact, Program, Refusal } from "../model/artifacts.ts";
import { putInPlace, sha256Of } from "./files.ts";

/**
 * The cache's folder: `hardway` in XDG_CACHE_HOME, by default in `~/.cache`. A relative XDG_CACHE_HOME is ignored, as
 * the XDG base directory specification says.
 */
export function cacheFolder(env: NodeJS.ProcessEnv = process.env): string {
  const base = env.XDG_CACHE_HOME;
  return join(base && isAbsolute(base) ? base : join(env.HOME ?? homedir(), ".cache"), "hardway");
}

/** What the cache knows of one artifact, a JSON file in `index/`. */
interface Entry {
  readonly name: string;
  readonly version: string;
  readonly arch: Arch;
  readonly provider: string;
  readonly from: string;
  readonly refusals: readonly Refusal[];
  readonly sha256: string;
  readonly bytes: number;
  readonly madeAt: string;
}

/** An artifact in the cache, as `hardway artifacts` lists it. */
export interface CachedArtifact extends Entry {
  readonly path: string;
  /** What is wrong with it, if anything; it will be obtained anew when it is next wanted. */
  readonly damaged?: string;
}

/** What `find` tells: the artifact, or why there is none. */
export type Found = { readonly artifact: Artifact } | { readonly missing: string };

/**
 * Artifacts by content: `blobs/sha256/<digest>`, each with an entry in `index/` that says which program it is and where
 * it came from. Files come to their places finished, by renaming, so that runs at the same time never see half of one.
 *
 * A file that was verified bears the same date, `verifiedAt`, and whoever writes to it changes that. So a digest is
 * computed anew only where size or date are not as they were left, or on request: reading everything costs some 2 s per
 * GB at every start. What shows in neither, a disk that loses bits, is what `verifyCache` is for.
 */
export class Cache {
  readonly folder: string;

  constructor(folder: string) {
    this.folder = folder;
  }

  /** The artifact for a program made by this recipe. Changes nothing but a verified file's date. */
  async find(program: Program, arch: Arch, recipe: string): Promise<Found> {
    const file = this.#entryFile(program, arch, recipe);
    const entry = await readEntry(file);
    if (entry === undefined) return { missing: "not there yet" };
    if (entry === "damaged") return { missing: `its entry ${file} was damaged` };
    const path = this.#blob(entry.sha256);
    const damage = await this.#damage(entry, "when in doubt");
    if (damage !== undefined) return { missing: damage };
    const { provider, from, refusals, sha256, bytes } = entry;
    return { artifact: { program, arch, path, sha256, bytes, provider, from, refusals } };
  }

  /** Takes a finished file over: it is moved, not copied, and must lie in a workspace of this cache. */
  async add(
    finished: string,
    program: Program,
    arch: Arch,
    recipe: string,
    made: {
      readonly provider: string;
      readonly from: string;
      readonly sha256: string;
      readonly refusals: readonly Refusal[];
    },
  ): Promise<Artifact> {
    const path = this.#blob(made.sha256);
    await mkdir(join(this.folder, "blobs", "sha256"), { recursive: true });
    await chmod(finished, 0o555);
    await utimes(finished, verifiedAt, verifiedAt);
    await putInPlace(finished, path);
    const { size: bytes } = await stat(path);
    const { name, version } = program;
    const { provider, from, sha256, refusals } = made;
    await this.#write(this.#entryFile(program, arch, recipe), {
      name,
      version,
      arch,
      provider,
      from,
      refusals,
      sha256,
      bytes,
      madeAt: new Date().toISOString(),
    });
    return { program, arch, path, sha256, bytes, provider, from, refusals };
  }

  /**
   * A folder of our own on the cache's file system for files that are not finished; disposing removes it. First removes
   * those that dead processes of this computer left.
   */
  async workspace(): Promise<{ readonly path: string } & AsyncDisposable> {
    const parent = join(this.folder, "tmp");
    await mkdir(parent, { recursive: true });
    await Promise.all(
      (await readdir(parent))
        .filter((name) => isAbandoned(name))
        .map((name) => rm(join(parent, name), { recursive: true, force: true })),
    );
    const path = join(parent, `${hostname()}~${process.pid}~${randomUUID().slice(0, 8)}`);
    await mkdir(path);
    return { path, [Symbol.asyncDispose]: () => rm(path, { recursive: true, force: true }) };
  }

  /**
   * Holds a lock among all runs that share this cache; disposing releases it. Waits for as long as its holder lives:
   * a holder shows life every 2 s, has waits of its own, and is taken for dead when it was silent for 10 s.
   */
  async lock(
    name: string,
    options: { readonly signal?: AbortSignal; readonly onWait?: () => void },
  ): Promise<AsyncDisposable> {
    const folder = join(this.folder, "locks");
    await mkdir(folder, { recursive: true });
    const lockfilePath = join(folder, `${createHash("sha256").update(name).digest("hex").slice(0, 16)}.lock`);
    for (let waited = false; ; waited = true) {
      options.signal?.throwIfAborted();
      try {
        const release = await lock(lockfilePath, {
          lockfilePath,
          realpath: false,
          stale: 10_000,
          update: 2_000,
          // Another run may have taken over while this computer slept. Both go on: files come to their places whole.
          onCompromised: () => {},
        });
        return {
          [Symbol.asyncDispose]: () =>
            release().catch((e) => {
              if (e.code !== "ERELEASED" && e.code !== "ENOTACQUIRED" && e.code !== "ECOMPROMISED") throw e;
            }),
        };
      } catch (e) {
        if ((e as NodeJS.ErrnoException).code !== "ELOCKED") throw e;
      }
      if (!waited) options.onWait?.();
      await after(lockPollMs, undefined, { ...(options.signal && { signal: options.signal }) }).catch((e) => {
        throw options.signal?.reason ?? e;
      });
    }
  }

  /** Everything in the index, by name. With `"always"` every file is read and its digest compared. */
  async list(digest: "when in doubt" | "always"): Promise<readonly CachedArtifact[]> {
    const listed: CachedArtifact[] = [];
    for (const file of await this.#entryFiles()) {
      const entry = await readEntry(file);
      if (entry === undefined || entry === "damaged") continue;
      const damaged = await this.#damage(entry, digest);
      listed.push({ ...entry, path: this.#blob(entry.sha256), ...(damaged !== undefined && { damaged }) });
      if (damaged !== undefined && digest === "always") await rm(file, { force: true });
    }
    return listed;
  }

  /** What is wrong with an artifact's file, or undefined. */
  async #damage(entry: Entry, digest: "when in doubt" | "always"): Promise<string | undefined> {
    const path = this.#blob(entry.sha256);
    const found = await stat(path).catch((e: NodeJS.ErrnoException) => {
      if (e.code !== "ENOENT") throw e;
    });
    if (!found) return `its file ${path} was gone`;
    if (found.size !== entry.bytes) {
      return `its file ${path} was damaged: ${found.size} bytes instead of ${entry.bytes}`;
    }
    const isDoubtful = found.mtimeMs !== verifiedAt.getTime();
    if (!isDoubtful && digest === "when in doubt") return undefined;
    const sha256 = await sha256Of(path);
    if (sha256 !== entry.sha256) {
      return `its file ${path} was damaged: SHA-256 ${sha256.slice(0, 12)}… instead of ${entry.sha256.slice(0, 12)}…`;
    }
    if (isDoubtful) await utimes(path, verifiedAt, verifiedAt);
    return undefined;
  }

  async #entryFiles(): Promise<string[]> {
    const folder = join(this.folder, "index");
    const names = await readdir(folder).catch((e: NodeJS.ErrnoException) => {
      if (e.code !== "ENOENT") throw e;
      return [];
    });
    return names
      .filter((n) => n.endsWith(".json"))
      .sort()
      .map((n) => join(folder, n));
  }

  #entryFile(program: Program, arch: Arch, recipe: string): string {
    return join(this.folder, "index", `${program.name}-${program.version}-${arch}-${recipe}.json`);
  }

  #blob(sha256: string): string {
    return join(this.folder, "blobs", "sha256", sha256);
  }

  async #write(file: string, entry: Entry): Promise<void> {
    await mkdir(join(this.folder, "index"), { recursive: true });
    const unfinished = `${file}.${process.pid}-${randomUUID().slice(0, 8)}`;
    try {
      const handle = await open(unfinished, "wx");
      try {
        await handle.writeFile(`${JSON.stringify(entry, null, 2)}\n`);
      } finally {
        await handle.close();
      }
      await putInPlace(unfinished, file);
    } catch (e) {
      await rm(unfinished, { force: true });
      throw e;
    }
  }
}

/** The date of verified files: any that no writing would give them. */
const verifiedAt = new Date("2000-01-01T00:00:00Z");

/** How often a lock that another run holds is asked for again. */
const lockPollMs = 200;

/** The artifacts in the cache, with the damage that shows without reading them. */
export function listArtifacts(env?: NodeJS.ProcessEnv): Promise<readonly CachedArtifact[]> {
  return new Cache(cacheFolder(env)).list("when in doubt");
}

/** Reads every artifact in the cache and compares its SHA-256. The damaged are forgotten, to be obtained anew. */
export function verifyCache(env?: NodeJS.ProcessEnv): Promise<readonly CachedArtifact[]> {
  return new Cache(cacheFolder(env)).list("always");
}

async function readEntry(file: string): Promise<Entry | "damaged" | undefined> {
  const text = await readFile(file, "utf8").catch((e: NodeJS.ErrnoException) => {
    if (e.code !== "ENOENT") throw e;
  });
  if (text === undefined) return undefined;
  try {
    const entry: Entry = JSON.parse(text);
    return /^[0-9a-f]{64}$/.test(entry.sha256) && Number.isInteger(entry.bytes) ? entry : "damaged";
  } catch {
    return "damaged";
  }
}

function isAbandoned(workspace: string): boolean {
  const [host, pid] = workspace.split("~");
  if (host !== hostname()) return false;
  try {
    process.kill(Number(pid), 0);
    return false;
  } catch (e) {
    return (e as NodeJS.ErrnoException).code === "ESRCH";
  }
}
