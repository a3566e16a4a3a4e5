import type { StreamReport, UpgradePath, UpgradeReport } from "#harness/model/upgrade";
import { changeRows } from "./changes.ts";
import { forecastRows, unforeseen } from "./forecasts.ts";
import type { ClaimRow, ComparedPath, Comparison, HopRow, PartRow, Quantity, StepRow, StreamRow } from "./model.ts";
import { groupsAsSteps, type Part, partsOf, shownParts } from "./parts.ts";
import { quantity } from "./quantity.ts";
import { type Missed, missedBy, missedByAny, resolutionOf, resolutionOfAll, resolutionOfSum } from "./resolution.ts";
import { stepsInOrder, stepsOf } from "./steps.ts";

/** Lays what taking paths told side by side, paths in the order in which they first come. Runs of the same path are its repetitions. */
export function compare(reports: readonly UpgradeReport[]): Comparison {
  const paths = pathsOf(reports.map(groupsAsSteps));
  return {
    format: 1,
    paths,
    ...totals(paths),
    streams: streamRows(paths),
    hops: hopRows(paths),
    steps: stepRows(paths),
    parts: partRows(paths),
    claims: claimRows(paths),
    changes: changeRows(paths),
    forecasts: forecastRows(paths),
    unforeseen: unforeseen(paths),
  };
}

/** What makes two paths the same: all but how they are called. */
const identityOf = ({ provisioner, with: release, from, hops, workers, drain, variables }: UpgradePath): string =>
  JSON.stringify({ provisioner, with: release, from, hops, workers, drain, variables }, sorted);

const sorted = (_: string, value: unknown): unknown =>
  typeof value === "object" && value !== null && !Array.isArray(value)
    ? Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)))
    : value;

const outOf = ({ streams }: UpgradeReport): number => streams.reduce((sum, { outMs }) => sum + outMs, 0);

function pathsOf(reports: readonly UpgradeReport[]): ComparedPath[] {
  return [...Map.groupBy(reports, ({ path }) => identityOf(path)).values()].flatMap((runs, index) => {
    const byOut = runs.toSorted((a, b) => outOf(a) - outOf(b));
    const middle = byOut[Math.floor((byOut.length - 1) / 2)];
    return middle ? [{ label: labelOf(index), path: middle.path, runs, median: runs.indexOf(middle) }] : [];
  });
}

/** A, B, … Z, AA, … */
const labelOf = (index: number): string =>
  (index >= 26 ? labelOf(Math.floor(index / 26) - 1) : "") + String.fromCharCode(65 + (index % 26));

/** A number of every run, path by path; runs that have none are left out. */
const samplesOf = (
  paths: readonly ComparedPath[],
  number: (run: UpgradeReport) => number | null | undefined,
): number[][] => paths.map(({ runs }) => runs.flatMap((run) => number(run) ?? []));

/** The worst run's, per path. */
const worstOf = (paths: readonly ComparedPath[], number: (run: UpgradeReport) => number): number[] =>
  paths.map(({ runs }) => Math.max(0, ...runs.map(number)));

function totals(paths: readonly ComparedPath[]): Pick<Comparison, "took" | "out" | "longest"> {
  const mostOf = ({ streams }: UpgradeReport, number: (stream: StreamReport) => number) =>
    Math.max(0, ...streams.map(number));
  const missed = missedByAny(paths);
  return {
    took: quantity(
      "ms",
      samplesOf(paths, ({ phases }) => phases.during.ms),
    ),
    out: quantity(
      "ms",
      samplesOf(paths, outOf),
      worstOf(paths, resolutionOfAll),
      missed.map(({ sum }) => sum),
    ),
    longest: quantity(
      "ms",
      samplesOf(paths, (run) => mostOf(run, ({ longestOutMs }) => longestOutMs)),
      worstOf(paths, (run) => mostOf(run, resolutionOf)),
      missed.map(({ longest }) => longest),
    ),
  };
}

function streamRows(paths: readonly ComparedPath[]): StreamRow[] {
  const all = paths.flatMap(({ runs }) => runs.flatMap(({ streams }) => streams));
  return [...new Map(all.map((stream) => [stream.name, stream]))].map(([name, { what, from }]) => {
    const missed = missedBy(paths, name);
    const of = (run: UpgradeReport) => run.streams.find((stream) => stream.name === name);
    const measured = (
      unit: Quantity["unit"],
      number: (stream: StreamReport) => number | null | undefined,
      resolution: (stream: StreamReport) => number = () => 0,
      kind?: keyof Missed,
    ) => {
      const orNone =
        <T>(use: (stream: StreamReport) => T) =>
        (run: UpgradeReport): T | undefined => {
          const stream = of(run);
          return stream && use(stream);
        };
      return quantity(
        unit,
        samplesOf(paths, orNone(number)),
        worstOf(paths, (run) => orNone(resolution)(run) ?? 0),
        missed.map((own) => (kind ? own[kind] : 0)),
      );
    };
    const latency = (phase: keyof StreamReport["latency"]) => ({
      p50: measured("ms", (stream) => stream.latency[phase].p50),
      p99: measured("ms", (stream) => stream.latency[phase].p99),
    });
    const own = all.filter((stream) => stream.name === name);
    const counted = new Set(own.flatMap(({ counts = {} }) => Object.keys(counts)));
    // What was acknowledged may be lost also where nobody could look.
    if (counted.has("acknowledged")) counted.add("lost");
    return {
      name,
      what,
      from,
      everyMs: Math.max(...own.map(({ everyMs }) => everyMs)),
      outages: measured("count", ({ outages }) => outages.length, undefined, "count"),
      longest: measured("ms", ({ longestOutMs }) => longestOutMs, resolutionOf, "longest"),
      total: measured("ms", ({ outMs }) => outMs, resolutionOfSum, "sum"),
      failed: measured("count", ({ failed }) => failed),
      latency: { before: latency("before"), during: latency("during"), after: latency("after") },
      counts: Object.fromEntries(
        [...counted].map((count) => [count, measured("count", ({ counts }) => counts?.[count])]),
      ),
      resolution: Math.max(...own.map(resolutionOf)),
    };
  });
}

function hopRows(paths: readonly ComparedPath[]): HopRow[] {
  const most = Math.max(...paths.map(({ path }) => path.hops.length));
  return Array.from({ length: most }, (_, hop) => ({
    hop,
    titles: paths.map(({ runs }) => runs[0]?.hops[hop]?.title ?? null),
    ended: paths.map(({ runs }) => runs.flatMap(({ hops }) => hops[hop]?.ended ?? [])),
    because: paths.map(({ runs }) => distinct(runs.map(({ hops }) => hops[hop]?.because))),
    ms: quantity(
      "ms",
      samplesOf(paths, ({ hops }) => (hops[hop]?.ended === "skipped" ? undefined : hops[hop]?.ms)),
      paths.map(() => 1),
    ),
  }));
}

function stepRows(paths: readonly ComparedPath[]): StepRow[] {
  return stepsInOrder(paths.flatMap(({ runs }) => runs)).map((step) => ({
    ...step,
    ms: quantity(
      "ms",
      samplesOf(paths, (run) => {
        const taken = stepsOf(run, step);
        return taken.length > 0 ? taken.reduce((sum, { ms }) => sum + ms, 0) : undefined;
      }),
      paths.map(() => 1),
    ),
    errors: paths.map(({ runs }) => distinct(runs.flatMap((run) => stepsOf(run, step).map(({ error }) => error)))),
  }));
}

/** What is shown of one run is told of every run that did it: there it may have been short, and nobody's outage. */
function partRows(paths: readonly ComparedPath[]): PartRow[] {
  const keyOf = ({ hop, group, name }: Part) => JSON.stringify([hop, group, name]);
  const missed = missedByAny(paths);
  const runs = paths.flatMap(({ runs }) => runs);
  const done = new Map(runs.map((run) => [run, Map.groupBy(partsOf(run), keyOf)]));
  const shown = new Map(runs.flatMap(shownParts).map((part) => [keyOf(part), part]));
  return [...shown].map(([key, { hop, group, name }]) => {
    const of = (run: UpgradeReport) => done.get(run)?.get(key) ?? [];
    const measured = (
      unit: Quantity["unit"],
      number: (part: Part) => number,
      resolution: (run: UpgradeReport) => number = () => 0,
      kind?: keyof Missed,
    ) => {
      const sum = (run: UpgradeReport) => {
        const parts = of(run);
        return parts.length > 0 ? parts.reduce((all, part) => all + number(part), 0) : undefined;
      };
      const notFelt = missed.map((own) => (kind ? own[kind] : 0));
      return quantity(unit, samplesOf(paths, sum), worstOf(paths, resolution), notFelt);
    };
    return {
      hop,
      group,
      name,
      ms: measured(
        "ms",
        ({ ms }) => ms,
        () => 1,
      ),
      outages: measured("count", ({ outages }) => outages.length, undefined, "count"),
      out: measured("ms", ({ outages }) => outages.reduce((all, { ms }) => all + ms, 0), resolutionOfAll, "sum"),
      users: paths.map(({ runs }) => {
        const outages = runs.flatMap((run) => of(run).flatMap(({ outages }) => outages));
        return distinct(outages.toSorted((a, b) => b.ms - a.ms).map(({ user }) => user));
      }),
    };
  });
}

const distinct = (texts: readonly (string | undefined)[]): string[] => [
  ...new Set(texts.flatMap((text) => text ?? [])),
];

function claimRows(paths: readonly ComparedPath[]): ClaimRow[] {
  const verdicts = (run: UpgradeReport) => run.verdicts ?? [];
  const claims = new Set(paths.flatMap(({ runs }) => runs.flatMap(verdicts)).map(({ claim }) => claim));
  return [...claims].map((claim) => ({
    claim,
    outcomes: paths.map(({ runs }) =>
      runs.flatMap((run) =>
        verdicts(run)
          .filter((verdict) => verdict.claim === claim)
          .map(({ outcome }) => outcome),
      ),
    ),
  }));
}
