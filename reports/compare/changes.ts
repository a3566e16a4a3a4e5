import { hides } from "#harness/model/unseen";
import type { Change } from "#harness/model/upgrade";
import type { ChangeRow, ComparedPath } from "./model.ts";

type Values = ChangeRow["values"][number];

/** A run's changes by what changed where: JSON of kind, machine and subject. */
type ByKey = ReadonlyMap<string, Values>;

/** A run that was looked at afterwards. */
interface Seen {
  readonly changes: ByKey;
  /** Looks that failed. */
  readonly unseen: readonly Change[];
}

/** What changed on any path, machines with the same change together; kinds and subjects in the order of the alphabet. */
export function changeRows(paths: readonly ComparedPath[]): ChangeRow[] {
  const seen = paths.map(({ runs }) => runs.flatMap(({ changes }) => (changes ? [seenIn(changes)] : [])));
  const keys = new Set(seen.flat().flatMap(({ changes }) => [...changes.keys()]));
  const rows = [...keys].map((key) => rowOf(key, seen));
  return [...Map.groupBy(rows, ({ on: _, ...row }) => JSON.stringify(row)).values()]
    .flatMap(([first, ...others]) =>
      first ? [{ ...first, on: [first, ...others].flatMap(({ on }) => on).sort() }] : [],
    )
    .sort((a, b) => a.kind.localeCompare(b.kind) || a.what.localeCompare(b.what));
}

const seenIn = (changes: readonly Change[]): Seen => ({
  changes: byKey(changes),
  unseen: changes.filter(({ kind }) => kind === "unseen"),
});

/** One change per machine: a report may name several in one. */
function byKey(changes: readonly Change[]): ByKey {
  const single = changes.flatMap((change) => change.on.split(", ").map((on) => ({ ...change, on })));
  const grouped = Map.groupBy(single, ({ kind, on, what }) => JSON.stringify([kind, on, what]));
  return new Map([...grouped].map(([key, own]) => [key, distinct(own)]));
}

/** `seen`: per path and run. What a look that failed would have told of a run is unknown there, and not unchanged. */
function rowOf(key: string, seen: readonly (readonly Seen[])[]): ChangeRow {
  const [kind, on, what] = JSON.parse(key) as [string, string, string];
  const known = seen.map((runs) =>
    runs.filter(({ changes, unseen }) => changes.has(key) || !unseen.some((one) => hides(one, { kind, on, what }))),
  );
  const ofRuns = known.map((runs) => runs.map(({ changes }) => changes.get(key)).filter((own) => own !== undefined));
  const values = ofRuns.map((runs) => distinct(runs.flat()));
  const of = known.map((runs) => runs.length);
  const runs = ofRuns.map((own, path) => (of[path] === 0 ? null : own.length));
  const varies = ofRuns.some((own) => new Set(own.map(written)).size > 1);
  const alike = new Set(values.filter((_, path) => runs[path] !== null).map(written)).size === 1;
  const where = runs.includes(0) ? "some" : alike ? "all" : varies ? "varies" : "otherwise";
  return { kind, what, on: [on], where, runs, of, values };
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
