import { mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { InventoryMachine } from "#harness/machines/ssh/inventory";
import type { ResolvedTopology } from "#harness/model/topology";
import { livenessOf, type Owner, stateFolder, thisOwner } from "./owner.ts";

/** What this computer knows of a run that has machines up. */
export interface RunRecord {
  readonly id: string;
  readonly scenario: string;
  /** Folder with its evidence. */
  readonly folder: string;
  /** Milliseconds of the epoch when it was registered. */
  readonly since: number;
  readonly owner: Owner;
  /** Stays up although its process ended: `hardway up`, `--keep`. */
  readonly kept: boolean;
  /** Of a lab on machines that exist already: how they are reached, and what they are to be. Without it, its machines are the engine's. */
  readonly borrowed?: Borrowed;
}

export interface Borrowed {
  readonly machines: readonly InventoryMachine[];
  readonly topology: ResolvedTopology;
}

/** `up`: its process runs. `kept`: it is to stay. `dead`: to be swept. `elsewhere`: cannot be seen from here, or is another user's. */
export type RunState = "up" | "kept" | "dead" | "elsewhere";

/** `$XDG_STATE_HOME/hardway/runs`: one file per run that has, or may have, machines up. */
const folder = (): string => join(stateFolder(), "runs");

/** Where this computer keeps the keys of a run's machines for ssh, if somebody asked for them; it goes when they go. */
export const keysFolder = (id: string): string => join(stateFolder(), "ssh", encodeURIComponent(id));

const fileOf = (id: string): string => join(folder(), `${encodeURIComponent(id)}.json`);

function write(record: RunRecord): void {
  mkdirSync(folder(), { recursive: true });
  const draft = `${fileOf(record.id)}.${process.pid}`;
  writeFileSync(draft, `${JSON.stringify(record, null, 2)}\n`);
  renameSync(draft, fileOf(record.id));
}

/** Says that this process has a run, before anything of it is raised. Saying it twice is fine. */
export function registerRun(
  run: { readonly id: string; readonly scenario: string; readonly folder: string },
  borrowed?: Borrowed,
): void {
  if (findRun(run.id)) return;
  const { id, scenario } = run;
  const owned = { id, scenario, folder: run.folder, since: Date.now(), owner: thisOwner(), kept: false };
  write({ ...owned, ...(borrowed && { borrowed }) });
}

/** The run's machines outlive its process. Throws when the run is not registered. */
export function keepRun(id: string): void {
  const record = findRun(id);
  if (!record) throw new Error(`run ${id} is not registered, so it cannot be kept`);
  write({ ...record, kept: true });
}

/** Its machines are gone. Forgetting twice is fine. */
export function forgetRun(id: string): void {
  rmSync(fileOf(id), { force: true });
  rmSync(keysFolder(id), { recursive: true, force: true });
}

export function findRun(id: string): RunRecord | undefined {
  try {
    return JSON.parse(readFileSync(fileOf(id), "utf8"));
  } catch {
    return undefined;
  }
}

/** All registered runs, oldest first. */
export function listRuns(): (RunRecord & { readonly state: RunState })[] {
  let names: string[];
  try {
    names = readdirSync(folder());
  } catch {
    return [];
  }
  return names
    .filter((name) => name.endsWith(".json"))
    .flatMap((name) => findRun(decodeURIComponent(name.slice(0, -".json".length))) ?? [])
    .sort((a, b) => a.since - b.since)
    .map((record) => ({ ...record, state: stateOf(record.id, record.owner) }));
}

/**
 * The state of a run from its owner, as a label tells it, and from this computer's records. The process is looked at
 * first and the record after it: a process keeps its run before it ends, so a dead one has said all it had to say. What it
 * said is in its own user's records: without them, whoever has others leaves its run alone.
 */
export function stateOf(id: string, owner: Owner): RunState {
  const liveness = livenessOf(owner);
  const run = findRun(id);
  if (run?.kept) return "kept";
  if (liveness === "alive") return "up";
  const { records } = thisOwner();
  return run || records === (owner.records ?? records) ? liveness : "elsewhere";
}
