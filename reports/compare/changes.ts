import type { Change } from "#harness/model/upgrade";
import type { ChangeRow, ComparedPath } from "./model.ts";

type Values = ChangeRow["values"][number];

/** What changed on any path, machines with the same change together; kinds and subjects in the order of the alphabet. */
export function changeRows(paths: readonly ComparedPath[]): ChangeRow[] {
  const all = paths.flatMap(({ runs }) => runs.flatMap(({ changes = [] }) => changes));
  const subjects = [...Map.groupBy(all, keyOf).values()].flatMap(([change]) => change ?? []);
  const rows = subjects.map((subject) => rowOf(subject, paths));
  const alike = Map.groupBy(rows, ({ on: _, ...row }) => JSON.stringify(row));
  return [...alike.values()]
    .flatMap((group) => {
      const [first] = group;
      return first ? [{ ...first, on: group.flatMap(({ on }) => on).sort() }] : [];
    })
    .sort((a, b) => a.kind.localeCompare(b.kind) || a.what.localeCompare(b.what));
}

const keyOf = ({ kind, on, what }: Change): string => JSON.stringify([kind, on, what]);

function rowOf(subject: Change, paths: readonly ComparedPath[]): ChangeRow {
  const ofRuns = paths.map(({ runs }) =>
    runs.map(({ changes = [] }) => distinct(changes.filter((change) => keyOf(change) === keyOf(subject)))),
  );
  const values = ofRuns.map((runs) => distinct(runs.flat()));
  const runs = ofRuns.map((of) => of.filter((seen) => seen.length > 0).length);
  const varies = ofRuns.some((of) => new Set(of.filter((seen) => seen.length > 0).map(written)).size > 1);
  const alike = new Set(values.map(written)).size === 1;
  const where = runs.includes(0) ? "some" : alike ? "all" : varies ? "varies" : "otherwise";
  return { kind: subject.kind, what: subject.what, on: [subject.on], where, runs, values };
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
