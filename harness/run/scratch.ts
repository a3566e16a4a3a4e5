import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { livenessOf, ownerText, parseOwner, thisOwner } from "./owner.ts";

/** A folder for what nobody needs afterwards: it goes when it is disposed of, or with the next start when this process was killed. */
export interface Scratch extends Disposable {
  readonly path: string;
}

const prefix = "hardway-scratch-";
/** Whose a folder is. */
const ownerFile = ".owner";

/** A new folder under the temporary one, with a short path: a socket's may have 107 characters (unix(7)). */
export function scratchFolder(): Scratch {
  const path = mkdtempSync(join(tmpdir(), prefix));
  writeFileSync(join(path, ownerFile), ownerText(thisOwner()));
  return { path, [Symbol.dispose]: () => rmSync(path, { recursive: true, force: true }) };
}

/** Removes what processes left that were killed. Returns a line for each. */
export function sweepScratch(): string[] {
  return readdirSync(tmpdir()).flatMap((name) => {
    const path = join(tmpdir(), name);
    const owner = name.startsWith(prefix) ? ownerOf(path) : undefined;
    if (!owner || livenessOf(owner) !== "dead") return [];
    rmSync(path, { recursive: true, force: true });
    return [`folder ${path}: process ${owner.pid} ended`];
  });
}

function ownerOf(folder: string) {
  try {
    return parseOwner(readFileSync(join(folder, ownerFile), "utf8"));
  } catch {
    // Somebody is just making it, or it is somebody else's.
    return undefined;
  }
}
