import {
  closeSync,
  existsSync,
  fstatSync,
  ftruncateSync,
  mkdirSync,
  openSync,
  readFileSync,
  writeFileSync,
  writeSync,
} from "node:fs";
import { extname, join } from "node:path";
import { LabBroken, reasonOf } from "../model/errors.ts";
import type { Evidence } from "../model/evidence.ts";
import type { Journal } from "../model/run.ts";

export interface OpenJournal extends Journal {
  /** Later entries are dropped. */
  close(): void;
}

/** Where the journal of a run is. */
export const journalFile = (folder: string): string => join(folder, "journal.jsonl");

/**
 * Opens the journal in a run's folder for appending; several processes may do so at once. Each entry is in the file when
 * `write` returns, so that a killed process leaves all but the line it was at.
 *
 * A full disk loses evidence and nothing else: it is told on stderr once, and the run goes on to its teardown.
 * Throws `LabBroken` when the folder cannot be written to at all.
 */
export function openJournal(folder: string): OpenJournal {
  const file = journalFile(folder);
  let told = false;
  let fd: number | undefined = attempt(() => {
    mkdirSync(join(folder, "attachments"), { recursive: true });
    return openSync(file, "a");
  });

  function attempt<T>(work: () => T): T {
    try {
      return work();
    } catch (cause) {
      throw new LabBroken("cannot keep evidence", { who: file, seen: reasonOf(cause), cause });
    }
  }

  function keep(what: string, work: () => void): void {
    try {
      work();
    } catch (error) {
      if (!told) process.stderr.write(`hardway: evidence is being lost: ${what}: ${reasonOf(error)}\n`);
      told = true;
    }
  }

  const write = (entry: Evidence) => {
    const line = Buffer.from(`${JSON.stringify(entry)}\n`);
    const to = fd;
    if (to === undefined) return;
    keep(file, () => {
      let done = 0;
      try {
        while (done < line.length) done += writeSync(to, line, done);
      } catch (error) {
        // Half a line would spoil the next one.
        if (done > 0) ftruncateSync(to, fstatSync(to).size - done);
        throw error;
      }
    });
  };

  return {
    write,
    attach(name, content) {
      const path = freeName(folder, name);
      keep(path, () => writeFileSync(join(folder, path), content));
      write({ kind: "attached", at: Date.now(), name, file: path });
      return path;
    },
    close() {
      if (fd !== undefined) closeSync(fd);
      fd = undefined;
    },
  };
}

/**
 * Reads a run's journal. A last line that was cut off, because the process that wrote it was killed, is left out.
 * Throws `LabBroken` when there is no journal, or when any other line is not evidence.
 */
export function readJournal(folder: string): Evidence[] {
  const file = journalFile(folder);
  let text: string;
  try {
    text = readFileSync(file, "utf8");
  } catch (cause) {
    throw new LabBroken("has no journal that can be read", { who: folder, seen: reasonOf(cause), cause });
  }
  const lines = text.split("\n");
  const tail = lines.pop();
  const entries = lines.map((line, index) => {
    const entry = parsed(line);
    if (!entry) {
      throw new LabBroken(`line ${index + 1} is not evidence`, { who: file, seen: line.slice(0, 200) });
    }
    return entry;
  });
  const last = tail ? parsed(tail) : undefined;
  return last ? [...entries, last] : entries;
}

function parsed(line: string): Evidence | undefined {
  try {
    const entry = JSON.parse(line);
    return typeof entry?.kind === "string" && typeof entry.at === "number" ? entry : undefined;
  } catch {
    return undefined;
  }
}

function freeName(folder: string, name: string): string {
  const safe =
    name
      .replaceAll(/[^A-Za-z0-9._-]+/g, "-")
      .replace(/^[.-]+/, "")
      .slice(-120) || "attachment";
  const extension = extname(safe);
  const stem = safe.slice(0, safe.length - extension.length);
  for (let n = 1; ; n++) {
    const path = join("attachments", n === 1 ? safe : `${stem}-${n}${extension}`);
    if (!existsSync(join(folder, path))) return path;
  }
}
