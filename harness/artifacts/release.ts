import { createHash } from "node:crypto";
import { createReadStream, createWriteStream } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { basename, join, posix, resolve } from "node:path";
import { type Readable, Transform } from "node:stream";
import { pipeline } from "node:stream/promises";
import { createGunzip } from "node:zlib";
import { extract } from "tar-stream";
import type { Arch, ArtifactProvider, Fetched, FetchOptions, Program, Release } from "../model/artifacts.ts";
import { publishedSha256 } from "./checksums.ts";
import { type Downloads, Refused } from "./download.ts";
import { isDiskFull } from "./files.ts";

/** Upstream's own releases, verified by the SHA-256 that upstream publishes. */
export function upstreamRelease(downloads: Downloads): ArtifactProvider {
  return new Releases("upstream release", downloads, (url) => url);
}

/**
 * A mirror with upstream's layout: under the folder or URL `base` comes the host and the path of upstream's URL. What it
 * holds is verified by the SHA-256 that upstream published, which it holds too.
 */
export function mirror(base: string | undefined, downloads: Downloads): ArtifactProvider {
  if (!base) return new Releases("mirror", downloads, undefined);
  const isUrl = /^https?:/.test(base);
  return new Releases("mirror", downloads, (url) => {
    const { host, pathname } = new URL(url);
    return isUrl ? `${base.replace(/\/+$/, "")}/${host}${pathname}` : join(resolve(base), host, pathname);
  });
}

class Releases implements ArtifactProvider {
  readonly name: string;
  readonly #downloads: Downloads;
  readonly #place: ((url: string) => string) | undefined;

  constructor(name: string, downloads: Downloads, place: ((url: string) => string) | undefined) {
    this.name = name;
    this.#downloads = downloads;
    this.#place = place;
  }

  async offers(program: Program): Promise<{ can: boolean; because: string }> {
    if (!this.#place) return { can: false, because: "HARDWAY_MIRROR is not set" };
    if (!program.release) return { can: false, because: "upstream publishes no verifiable binary of it" };
    return { can: true, because: "" };
  }

  async fetch(
    wanted: ReadonlyMap<Program, string>,
    arch: Arch,
    options: FetchOptions,
  ): Promise<ReadonlyMap<Program, Fetched>> {
    const byUrl = Map.groupBy(wanted.keys(), (p) => p.release?.url);
    const fetched = new Map<Program, Fetched>();
    for (const programs of byUrl.values()) {
      const result = await this.#fetchOne(programs, wanted, arch, options).catch((e) => {
        if (!(e instanceof Refused)) throw e;
        return new Map(programs.map((p) => [p, { refused: e.message }] as const));
      });
      for (const [program, f] of result) fetched.set(program, f);
    }
    return fetched;
  }

  /** One file of a release, and the programs in it. */
  async #fetchOne(
    programs: readonly Program[],
    wanted: ReadonlyMap<Program, string>,
    arch: Arch,
    { workspace, note, signal }: FetchOptions,
  ): Promise<ReadonlyMap<Program, Fetched>> {
    const release = programs[0]?.release as Release;
    const placed = (url: string) => (this.#place as (url: string) => string)(url.replaceAll("{arch}", arch));
    const from = placed(release.url);
    const sumsAt = placed(release.sha256Url);
    const file = posix.basename(new URL(release.url.replaceAll("{arch}", arch)).pathname);

    const sums = await this.#downloads.text(sumsAt, signal);
    const published = publishedSha256(sums, file);
    if (!published)
      throw new Refused(`${sumsAt} has no SHA-256 of ${file}; it begins ${JSON.stringify(sums.slice(0, 60))}`);

    const folder = await mkdtemp(join(workspace, "release-"));
    try {
      const [only] = programs as [Program];
      const isArchive = release.member !== undefined;
      const whole = isArchive ? join(folder, file) : (wanted.get(only) as string);
      const actual = await this.#downloads.file(from, whole, (text) => note(`${file}: ${text}`), signal);
      if (actual !== published) {
        throw new Refused(`${from} has the SHA-256 ${actual} and not the published ${published}`);
      }
      if (!isArchive) return new Map([[only, { sha256: actual, from }]]);
      return await unpack(whole, programs, wanted, from);
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  }
}

async function unpack(
  whole: string,
  programs: readonly Program[],
  wanted: ReadonlyMap<Program, string>,
  from: string,
): Promise<ReadonlyMap<Program, Fetched>> {
  const fetched = new Map<Program, Fetched>();
  const members = new Map(programs.map((p) => [posix.normalize(p.release?.member ?? ""), p] as const));
  const save = async (source: Readable, program: Program, described: string) => {
    const hash = createHash("sha256");
    const hashing = new Transform({
      transform(chunk, _, done) {
        hash.update(chunk);
        done(null, chunk);
      },
    });
    await pipeline(source, hashing, createWriteStream(wanted.get(program) as string));
    fetched.set(program, { sha256: hash.digest("hex"), from: described });
  };

  const archive = extract();
  const unzipped = pipeline(createReadStream(whole), createGunzip(), archive);
  try {
    for await (const entry of archive) {
      const name = posix.normalize(entry.header.name);
      const program = entry.header.type === "file" ? members.get(name) : undefined;
      if (program) await save(entry as unknown as Readable, program, `${from}, ${name} in it`);
      else entry.resume();
    }
    await unzipped;
  } catch (e) {
    unzipped.catch(() => {});
    if (isDiskFull(e)) throw e;
    throw new Refused(`${basename(whole)} cannot be unpacked: ${(e as Error).message}`);
  }
  for (const [member, program] of members) {
    if (!fetched.has(program)) fetched.set(program, { refused: `${from} holds no ${member}` });
  }
  return fetched;
}
