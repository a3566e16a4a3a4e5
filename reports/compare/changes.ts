import type { Change } from "#harness/model/upgrade";
import type { ChangeRow, ComparedPath } from "./model.ts";

type Values = ChangeRow["values"][number];

/** A run's changes by what changed where: JSON of kind, machine and subject. */
type ByKey = ReadonlyMap<string, Values>;

/** What changed on any path, machines with the same change together; kinds and subjects in the order of the alphabet. */
export function changeRows(paths: readonly ComparedPath[]): ChangeRow[] {
  const seen = paths.map(({ runs }) => runs.flatMap(({ changes }) => (changes ? [byKey(changes)] : [])));
  const keys = new Set(seen.flat().flatMap((run) => [...run.keys()]));
  const rows = [...keys].map((key) => rowOf(key, seen));
  return [...Map.groupBy(rows, ({ on: _, ...row }) => JSON.stringify(row)).values()]
    .flatMap(([first, ...others]) =>
      first ? [{ ...first, on: [first, ...others].flatMap(({ on }) => on).sort() }] : [],
    )
    .sort((a, b) => a.kind.localeCompare(b.kind) || a.what.localeCompare(b.what));
}

/** One change per machine: a report may name several in one. */
function byKey(changes: readonly Change[]): ByKey {
  const single = changes.flatMap((change) => change.on.split(", ").map((on) => ({ ...change, on })));
  const grouped = Map.groupBy(single, ({ kind, on, what }) => JSON.stringify([kind, on, what]));
  return new Map([...grouped].map(([key, own]) => [key, distinct(own)]));
}

/** `seen`: per path and run that could be looked at. */
function rowOf(key: string, seen: readonly (readonly ByKey[])[]): ChangeRow {
  const [kind, on, what] = JSON.parse(key) as [string, string, string];
  const ofRuns = seen.map((runs) => runs.flatMap((run) => (run.has(key) ? [run.get(key) ?? []] : [])));
  const values = ofRuns.map((runs) => distinct(runs.flat()));
  const runs = ofRuns.map((own, path) => (seen[path]?.length === 0 ? null : own.length));
  const varies = ofRuns.some((own) => new Set(own.map(written)).size > 1);
  const alike = new Set(values.filter((_, path) => runs[path] !== null).map(written)).size === 1;
  const where = runs.includes(0) ? "some" : alike ? "all" : varies ? "varies" : "otherwise";
  return { kind, what, on: [on], where, runs, values };
}

const written = (values: Values): string => JSON.stringify(values);

function distinct(values: Values): Values {
  const bare = values.map(({ before, after }) => ({
    ...(before !== undefined && { before }),
    ...(after !== undefined && { after }),
  }));
  const byText = new Map(bare.map((value) => [JSON.stringify(value), value]));
  return [...byText.keys()].sort().flatMap((text) => byText.get(text) ?? []);
}
