import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { dirname, relative } from "node:path/posix";
import { Readable } from "node:stream";
import { type Header as FullHeader, type Pack, pack } from "tar-stream";
import type { Artifact, Program } from "../model/artifacts.ts";
import { LabBroken, Misdeclared } from "../model/errors.ts";
import type { FileTree } from "../model/units.ts";

/** What of a tar header is not the same everywhere. */
type Header = Pick<FullHeader, "name" | "size"> & Partial<FullHeader>;

/** One layer of an image: an uncompressed tar, named by its digest. */
export interface Layer {
  /** `sha256:…` of the tar, which for an uncompressed layer is its diff ID too. */
  readonly digest: string;
  readonly bytes: number;
  /** The tar, from its beginning. */
  open(): Readable;
}

/** What is laid over a base: programs (mode 0755), files, and symbolic links from absolute path to target. */
export interface Overlay {
  readonly programs: Readonly<Record<string, Program>>;
  readonly files?: FileTree;
  readonly links?: Readonly<Record<string, string>>;
}

/**
 * Packs an overlay reproducibly: sorted, no times, no names. The programs are read once for the digest and once whenever
 * the layer is opened; nothing is kept on disk. Throws `Misdeclared` for an owner that is not root or numeric.
 */
export async function overlayLayer(overlay: Overlay, artifacts: ReadonlyMap<Program, Artifact>): Promise<Layer> {
  const entries = entriesOf(overlay, artifacts);
  const open = () => tarOf((tar) => addAll(tar, entries));
  const hash = createHash("sha256");
  let bytes = 0;
  for await (const chunk of open()) {
    hash.update(chunk);
    bytes += chunk.length;
  }
  return { digest: `sha256:${hash.digest("hex")}`, bytes, open };
}

/** A tar stream that `fill` writes entry by entry; its failure is the stream's. */
export function tarOf(fill: (tar: Pack) => Promise<void>): Readable {
  const tar = pack();
  const filled = fill(tar).then(() => tar.finalize());
  filled.catch((error) => tar.destroy(error));
  async function* chunks() {
    try {
      yield* tar;
    } catch (error) {
      await filled;
      throw error;
    }
  }
  return Readable.from(chunks(), { objectMode: false });
}

/** Adds one file whose contents come from memory or, with its size known, from a stream. Throws `LabBroken`. */
export async function addFile(tar: Pack, header: Header, content: Uint8Array | Readable): Promise<void> {
  const full = { type: "file" as const, mode: 0o644, uid: 0, gid: 0, mtime: new Date(0), ...header };
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  const broken = (cause: Error) =>
    reject(new LabBroken("it could not be packed into an image", { who: header.name, seen: cause.message, cause }));
  const finished = (error?: Error | null) => (error ? broken(error) : resolve());
  if (content instanceof Uint8Array) tar.entry(full, Buffer.from(content), finished);
  else content.on("error", broken).pipe(tar.entry(full, finished).on("error", broken));
  await promise;
}

/** Symbolic links that `systemctl enable` would make for units among these files, by their `WantedBy=`. */
export function enabling(units: readonly string[], files: FileTree): Record<string, string> {
  const links: Record<string, string> = {};
  for (const unit of units) {
    const path = `/etc/systemd/system/${unit}`;
    const file = files[path];
    if (file === undefined) continue;
    const text = String(typeof file === "string" ? file : file.content);
    for (const [, targets = ""] of text.matchAll(/^WantedBy=(.*)$/gm))
      for (const target of targets.split(/\s+/).filter(Boolean)) {
        const link = `/etc/systemd/system/${target}.wants/${unit}`;
        links[link] = relative(dirname(link), path);
      }
  }
  return links;
}

type Entry = { readonly header: Header; readonly content?: Uint8Array | (() => Readable) };

function entriesOf(overlay: Overlay, artifacts: ReadonlyMap<Program, Artifact>): Entry[] {
  const programs = Object.entries(overlay.programs).map(([path, program]): Entry => {
    const artifact = artifacts.get(program);
    if (!artifact) throw new TypeError(`${program.name} ${program.version} was not obtained`);
    return {
      header: { name: inTar(path), mode: 0o755, size: artifact.bytes },
      content: () => createReadStream(artifact.path),
    };
  });
  const files = Object.entries(overlay.files ?? {}).map(([path, file]): Entry => {
    const spec = typeof file === "string" ? { content: file } : file;
    const content = Buffer.from(spec.content as string);
    return {
      header: { name: inTar(path), mode: spec.mode ?? 0o644, size: content.length, ...ids(path, spec.owner) },
      content,
    };
  });
  const links = Object.entries(overlay.links ?? {}).map(
    ([path, linkname]): Entry => ({ header: { name: inTar(path), type: "symlink", size: 0, mode: 0o777, linkname } }),
  );
  return [...programs, ...files, ...links].sort((a, b) => (a.header.name < b.header.name ? -1 : 1));
}

async function addAll(tar: Pack, entries: readonly Entry[]): Promise<void> {
  for (const { header, content } of entries)
    await addFile(
      tar,
      header,
      content === undefined ? new Uint8Array() : content instanceof Function ? content() : content,
    );
}

function inTar(path: string): string {
  return path.replace(/^\/+/, "");
}

function ids(path: string, owner = "root"): { uid: number; gid: number } {
  const [uid, gid = uid] = owner.split(":").map((part) => (part === "root" ? 0 : Number(part)));
  if (uid === undefined || gid === undefined || !Number.isInteger(uid) || !Number.isInteger(gid))
    throw new Misdeclared("image", [
      `${path}: owner "${owner}" is neither root nor numeric; an image has no names yet`,
    ]);
  return { uid, gid };
}
