import { createHash } from "node:crypto";
import { readFileSync, readlinkSync } from "node:fs";
import { homedir, hostname } from "node:os";
import { join } from "node:path";

/**
 * A process, named so that it is never taken for a later one of the same number: its start time tells it from those
 * that come after it, the boot from those before a restart, host and PID namespace from those elsewhere.
 */
export interface Owner {
  readonly pid: number;
  /** Clock ticks between boot and the start of the process, field 22 of /proc/<pid>/stat (proc(5)). */
  readonly start: string;
  readonly boot: string;
  readonly host: string;
  readonly namespace: string;
  /** Which folder of records tells what it kept: a digest of the folder's path. Labels of earlier versions lack it. */
  readonly records?: string;
}

/** `$XDG_STATE_HOME/hardway`: where a user's records are. */
export const stateFolder = (): string =>
  join(process.env.XDG_STATE_HOME || join(homedir(), ".local", "state"), "hardway");

const read = (path: string): string | undefined => {
  try {
    return readFileSync(path, "utf8").trim();
  } catch {
    return undefined;
  }
};

function startOf(pid: number): string | undefined {
  const stat = read(`/proc/${pid}/stat`);
  // The command's name stands in parentheses and may hold anything, so fields are counted after the last one.
  const fields = stat?.slice(stat.lastIndexOf(")") + 2).split(" ");
  return fields?.[0] === "Z" ? undefined : fields?.[19];
}

const link = (path: string): string => {
  try {
    return readlinkSync(path);
  } catch {
    return "";
  }
};

let here: Omit<Owner, "records"> | undefined;

/** This process, and where its records are now. */
export function thisOwner(): Owner & { readonly records: string } {
  here ??= {
    pid: process.pid,
    start: startOf(process.pid) ?? "0",
    boot: read("/proc/sys/kernel/random/boot_id") ?? "0",
    host: read("/etc/machine-id") || hostname(),
    namespace: link("/proc/self/ns/pid"),
  };
  return { ...here, records: createHash("sha256").update(stateFolder()).digest("hex").slice(0, 12) };
}

/**
 * Whether a process still runs. `elsewhere` when that cannot be seen from here: another computer that uses the same
 * engine, another container on this one, or another user of whom /proc shows nothing (hidepid, proc(5)). What belongs to
 * it is left alone.
 */
export function livenessOf(owner: Owner, me: Owner = thisOwner()): "alive" | "dead" | "elsewhere" {
  if (owner.host !== me.host) return "elsewhere";
  if (owner.boot !== me.boot) return "dead";
  if (owner.namespace !== me.namespace) return "elsewhere";
  const start = startOf(owner.pid);
  if (start !== undefined) return start === owner.start ? "alive" : "dead";
  try {
    process.kill(owner.pid, 0);
    // Where there is a /proc, what can be signalled but has no start has ended, and nobody has buried it.
    return me.start === "0" ? "alive" : "dead";
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "EPERM" ? "elsewhere" : "dead";
  }
}

/** The owner as one label's value: `4711@<boot>/<start>/<namespace>/<host>/<records>`. */
export const ownerText = (o: Owner): string =>
  `${o.pid}@${o.boot}/${o.start}/${o.namespace}/${o.host}${o.records === undefined ? "" : `/${o.records}`}`;

/** Reads what `ownerText` wrote; `undefined` for anything else. */
export function parseOwner(text: string): Owner | undefined {
  const [, pid, boot, start, namespace, host, records] =
    /^(\d+)@([^/]*)\/(\d+)\/([^/]*)\/([^/]+)(?:\/(.+))?$/.exec(text) ?? [];
  if (!pid || boot === undefined || !start || namespace === undefined || !host) return undefined;
  return { pid: Number(pid), boot, start, namespace, host, ...(records !== undefined && { records }) };
}
