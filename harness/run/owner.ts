import { readFileSync, readlinkSync } from "node:fs";
import { hostname } from "node:os";

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
}

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

let here: Owner | undefined;

/** This process. */
export function thisOwner(): Owner {
  here ??= {
    pid: process.pid,
    start: startOf(process.pid) ?? "0",
    boot: read("/proc/sys/kernel/random/boot_id") ?? "0",
    host: read("/etc/machine-id") || hostname(),
    namespace: link("/proc/self/ns/pid"),
  };
  return here;
}

/**
 * Whether a process still runs. `elsewhere` when that cannot be seen from here: another computer that uses the same
 * engine, or another container on this one. What belongs to it is left alone.
 */
export function livenessOf(owner: Owner, me: Owner = thisOwner()): "alive" | "dead" | "elsewhere" {
  if (owner.host !== me.host) return "elsewhere";
  if (owner.boot !== me.boot) return "dead";
  if (owner.namespace !== me.namespace) return "elsewhere";
  if (me.start !== "0") return startOf(owner.pid) === owner.start ? "alive" : "dead";
  try {
    process.kill(owner.pid, 0);
    return "alive";
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "EPERM" ? "alive" : "dead";
  }
}

/** The owner as one label's value: `4711@<boot>/<start>/<namespace>/<host>`. */
export const ownerText = (o: Owner): string => `${o.pid}@${o.boot}/${o.start}/${o.namespace}/${o.host}`;

/** Reads what `ownerText` wrote; `undefined` for anything else. */
export function parseOwner(text: string): Owner | undefined {
  const [, pid, boot, start, namespace, host] = /^(\d+)@([^/]*)\/(\d+)\/([^/]*)\/(.+)$/.exec(text) ?? [];
  if (!pid || boot === undefined || !start || namespace === undefined || !host) return undefined;
  return { pid: Number(pid), boot, start, namespace, host };
}
