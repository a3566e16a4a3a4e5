import { type StreamReport, silentBeats, type UpgradeReport } from "#harness/model/upgrade";
import type { ChangeRow, ComparedPath, Comparison, Foretold } from "./model.ts";
import { duration } from "./numbers.ts";
import { chanceOf, mostChance } from "./quantity.ts";

/** How differences are told from chance, with what that means for so many runs. Sentences. */
export function rule({ paths: [first, ...others] }: Comparison): string[] {
  if (!first) return [];
  const counts = [first, ...others].map(({ runs }) => runs.length);
  const repeated = Math.max(...counts) > 1;
  const shown = repeated ? ["Numbers are medians, in brackets the least and the most of all runs."] : [];
  if (others.length === 0) return shown;
  return [
    ...shown,
    `Every path is held against ${first.label}.`,
    "Below resolution: closer than the probes can tell.",
    ...(repeated ? ["Within the noise: the ranges of the runs meet, so it may be chance."] : []),
    ...others.map(({ label, runs }) => {
      const [n, m] = [first.runs.length, runs.length];
      const chance = chanceOf(n, m);
      if (chance === 1) return `Of ${first.label} and ${label} there is one run each, so the noise is unknown.`;
      const rare = `with ${n} runs of ${first.label} and ${m} of ${label} chance sets the ranges of two equal paths apart once in ${Math.round(1 / chance)} times`;
      return chance > mostChance
        ? `Noise unknown: the ranges lie apart, but ${rare}.`
        : `Any other difference: the ranges lie apart; ${rare}, so of many numbers some will by chance.`;
    }),
  ];
}

/** How well the numbers are known. Sentences. */
export function precision({ paths, streams }: Comparison): string[] {
  const runs = paths.flatMap((path) => path.runs);
  const worst = Math.max(0, ...streams.map(({ resolution }) => resolution));
  const clock = Math.max(...runs.map(({ clockErrorMs }) => clockErrorMs));
  return [
    ...cadence(paths, worst),
    ...paths.flatMap(unasked),
    ...paths.flatMap(({ label, runs }) => unrest(label, runs)),
    `The machines' clocks differ by ${duration(clock)} at the most, which bears on the step that an outage is put down to, not on its length.`,
    `The harness's own share of the time was ${paths.map(({ label, runs }) => `${share(runs)} of ${label}`).join(", ")}.`,
  ];
}

/** How often users ask, and what it means where those of one path ask less often. */
function cadence(paths: readonly ComparedPath[], worst: number): string[] {
  const asking = paths
    .map(({ label, runs }) => ({ label, periods: new Set(runs.flatMap(({ streams }) => streams.map(periodOf))) }))
    .filter(({ periods }) => periods.size > 0);
  const [period, ...others] = new Set(asking.flatMap(({ periods }) => [...periods]));
  if (period === undefined) return [];
  const known = `an outage's length is known to within ${duration(worst)} or better`;
  if (others.length === 0) return [`Users ask every ${duration(period)}; ${known}.`];
  const each = (times: number) =>
    asking
      .map(({ label, periods }) => `${[...periods].map((ms) => duration(times * ms)).join(" or ")} on ${label}`)
      .join(", ");
  return [
    `Users ask every ${each(1)}; ${known}.`,
    `A silence is an outage once ${silentBeats} requests wait: from ${each(silentBeats)}. A shorter one on the one path may be none on the other, so a difference that such silences may make is below resolution.`,
  ];
}

const periodOf = ({ everyMs }: StreamReport): number => everyMs;

/** Who did not ask for longer than a silence takes to count may have missed an outage. */
function unasked({ label, runs }: ComparedPath): string[] {
  const late = runs
    .flatMap(({ streams }) => streams)
    .filter(({ everyMs, probe }) => probe.lateMax > silentBeats * everyMs)
    .map(({ probe }) => probe.lateMax);
  return late.length === 0
    ? []
    : [
        `For up to ${duration(Math.max(...late))} at a time users of ${label} did not ask, for the computer was too busy; an outage no longer than that may have been missed.`,
      ];
}

/** Outages while nothing was done are the computer's, not the path's. */
function unrest(label: string, runs: readonly UpgradeReport[]): string[] {
  const quiet = runs.flatMap(({ streams, phases }) =>
    streams.flatMap(({ outages }) =>
      outages.filter(({ from, ms }) => from + ms <= phases.before.from + phases.before.ms),
    ),
  );
  if (quiet.length === 0) return [];
  const ms = duration(quiet.reduce((sum, outage) => sum + outage.ms, 0));
  return [
    `Before anything was done, users of ${label} were out of service ${times(quiet.length, "time")} already, ${ms} in all: the computer was busy with something else, and outages of that length tell nothing of the path.`,
  ];
}

/** The most of any run. */
function share(runs: readonly UpgradeReport[]): string {
  const most = Math.max(...runs.map(({ overheadMs, phases }) => overheadMs / Math.max(1, phases.during.ms)));
  return `${(most * 100).toFixed(most < 0.0995 ? 1 : 0)} %`;
}

export const came: Readonly<Record<Foretold["came"], string>> = {
  true: "came true",
  false: "did not come true",
  untold: "unknown whether it came true",
};

/** Where the same thing changed; `unknown` where it did on every path on which it could be looked at, but that is not every one. */
export type Where = ChangeRow["where"] | "unknown";

export const whereOf = ({ where, runs }: ChangeRow): Where =>
  where !== "some" && runs.includes(null) ? "unknown" : where;

export const where: Readonly<Record<Where, string>> = {
  some: "not on every path",
  otherwise: "to other values",
  varies: "other in every run",
  all: "on every path",
  unknown: "unknown",
};

/** Each word once, with how often where it is not always: "done", "2 done, 1 failed". */
export function tally(words: readonly string[]): string {
  const counted = [...Map.groupBy(words, (word) => word)];
  if (counted.length <= 1) return words[0] ?? "–";
  return counted.map(([word, all]) => `${all.length} ${word}`).join(", ");
}

export const times = (count: number, thing: string): string => `${count} ${thing}${count === 1 ? "" : "s"}`;
