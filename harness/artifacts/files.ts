import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { open, rename, statfs } from "node:fs/promises";
import { dirname } from "node:path";
import { pipeline } from "node:stream/promises";
import { LabBroken } from "../model/errors.ts";

/** SHA-256 of a file, in hexadecimal. */
export async function sha256Of(path: string, signal?: AbortSignal): Promise<string> {
  const hash = createHash("sha256");
  await pipeline(createReadStream(path, { highWaterMark: 1 << 20 }), hash, { ...(signal && { signal }) });
  return hash.digest("hex");
}

/** Puts a finished file in its place so that others see all of it or nothing, power cuts included. */
export async function putInPlace(finished: string, place: string): Promise<void> {
  await sync(finished);
  await rename(finished, place);
  await sync(dirname(place));
}

async function sync(path: string): Promise<void> {
  const handle = await open(path, "r");
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

/** Whether an error means that there is no room left: a full disk or an exhausted quota. */
export function isDiskFull(error: unknown): boolean {
  const code = (error as NodeJS.ErrnoException | undefined)?.code;
  return code === "ENOSPC" || code === "EDQUOT";
}

/** The error for a full disk: what was written, where, and how much room there is. */
export async function diskFull(what: string, folder: string, cause: unknown, seen?: string): Promise<LabBroken> {
  const { bavail, blocks, bsize } = await statfs(folder);
  const room = `${size(bavail * bsize)} free now of ${size(blocks * bsize)} at ${folder}`;
  return new LabBroken(`the disk is full: there was no room to write ${what}`, {
    who: "this computer",
    seen: seen === undefined ? room : `${seen}\n${room}`,
    look: `df -h ${folder}`,
    cause,
  });
}

/** A number of bytes as people write it. */
export function size(bytes: number): string {
  if (bytes < 1000) return `${bytes} B`;
  if (bytes < 1e6) return `${(bytes / 1e3).toFixed(0)} kB`;
  return bytes < 1e9 ? `${(bytes / 1e6).toFixed(0)} MB` : `${(bytes / 1e9).toFixed(1)} GB`;
}
