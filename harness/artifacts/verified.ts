import { createHash } from "node:crypto";
import { createReadStream, createWriteStream } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { basename, join, posix } from "node:path";
import { type Readable, Transform } from "node:stream";
import { pipeline } from "node:stream/promises";
import { createGunzip } from "node:zlib";
import { extract } from "tar-stream";
import type { Arch, ArtifactProvider, Fetched, FetchOptions, Program } from "../model/artifacts.ts";
import { publishedSha256 } from "./checksums.ts";
import { type Downloads, Refused } from "./download.ts";
import { isDiskFull } from "./files.ts";

/** A file, and the SHA-256 that it must have: pinned, or published at a URL. */
export interface Source {
  readonly url: string;
  readonly sha256: string | { readonly publishedAt: string };
  /** Path inside it when it is a .tgz. */
  readonly member?: string;
}

/** Downloads files and verifies them. `find` tells where a program is, or why it is nowhere. */
export class VerifiedFiles implements ArtifactProvider {
  readonly name: string;
  readonly #downloads: Downloads;
  readonly #find: (program: Program, arch: Arch) => Promise<Source | string>;

  constructor(name: string, downloads: Downloads, find: (program: Program, arch: Arch) => Promise<Source | string>) {
    this.name = name;
    this.#downloads = downloads;
    this.#find = find;
  }

  async offers(program: Program, arch: Arch): Promise<{ can: boolean; because: string }> {
    const found = await this.#find(program, arch);
    return typeof found === "string" ? { can: false, because: found } : { can: true, because: "" };
  }

  async fetch(
    wanted: ReadonlyMap<Program, string>,
    arch: Arch,
    options: FetchOptions,
  ): Promise<ReadonlyMap<Program, Fetched>> {
    const fetched = new Map<Program, Fetched>();
    const wantedOf: Wanted[] = [];
    for (const [program, to] of wanted) {
      const source = await this.#find(program, arch);
      if (typeof source === "string") fetched.set(program, { refused: source });
      else wantedOf.push({ program, to, source });
    }
    for (const programs of Map.groupBy(wantedOf, ({ source }) => source.url).values()) {
      const result = await this.#fetchOne(programs, options).catch((e) => {
        if (!(e instanceof Refused)) throw e;
        return new Map(programs.map(({ program }) => [program, { refused: e.message }] as const));
      });
      for (const [program, f] of result) fetched.set(program, f);
    }
    return fetched;
  }

  /** One file of a release, and the programs in it. */
  async #fetchOne(
    programs: readonly Wanted[],
    { workspace, note, signal }: FetchOptions,
  ): Promise<ReadonlyMap<Program, Fetched>> {
    const [only] = programs as [Wanted];
    const { url: from, sha256 } = only.source;
    const file = posix.basename(from);
    const expected = typeof sha256 === "string" ? sha256 : await this.#published(sha256.publishedAt, file, signal);

    const folder = await mkdtemp(join(workspace, "release-"));
    try {
      const isArchive = only.source.member !== undefined;
      const whole = isArchive ? join(folder, file) : only.to;
      const actual = await this.#downloads.file(from, whole, (text) => note(`${file}: ${text}`), signal);
      if (actual !== expected) {
        const kind = typeof sha256 === "string" ? "pinned" : "published";
        throw new Refused(`${from} has the SHA-256 ${actual} and not the ${kind} ${expected}`);
      }
      if (!isArchive) return new Map([[only.program, { sha256: actual, from }]]);
      return await unpack(whole, programs, from);
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  }

  async #published(at: string, file: string, signal?: AbortSignal): Promise<string> {
    const sums = await this.#downloads.text(at, signal);
    const published = publishedSha256(sums, file);
    if (published) return published;
    throw new Refused(`${at} has no SHA-256 of ${file}; it begins ${JSON.stringify(sums.slice(0, 60))}`);
  }
}

interface Wanted {
  readonly program: Program;
  /** Where to write it. */
  readonly to: string;
  readonly source: Source;
}

async function unpack(
  whole: string,
  programs: readonly Wanted[],
  from: string,
): Promise<ReadonlyMap<Program, Fetched>> {
  const fetched = new Map<Program, Fetched>();
  const members = new Map(programs.map((p) => [posix.normalize(p.source.member ?? ""), p] as const));
  const save = async (source: Readable, { program, to }: Wanted, described: string) => {
    const hash = createHash("sha256");
    const hashing = new Transform({
      transform(chunk, _, done) {
        hash.update(chunk);
        done(null, chunk);
      },
    });
    await pipeline(source, hashing, createWriteStream(to));
    fetched.set(program, { sha256: hash.digest("hex"), from: described });
  };

  const archive = extract();
  const unzipped = pipeline(createReadStream(whole), createGunzip(), archive);
  try {
    for await (const entry of archive) {
      const name = posix.normalize(entry.header.name);
      const wanted = entry.header.type === "file" ? members.get(name) : undefined;
      if (wanted) await save(entry as unknown as Readable, wanted, `${from}, ${name} in it`);
      else entry.resume();
    }
    await unzipped;
  } catch (e) {
    unzipped.catch(() => {});
    if (isDiskFull(e)) throw e;
    throw new Refused(`${basename(whole)} cannot be unpacked: ${(e as Error).message}`);
  }
  for (const [member, { program }] of members) {
    if (!fetched.has(program)) fetched.set(program, { refused: `${from} holds no ${member}` });
  }
  return fetched;
}
