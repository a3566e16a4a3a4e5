import type { Outcome } from "#harness/model/judging";
import type { Spread } from "#harness/model/spread";
import type {
  Change,
  Forecast,
  HopTaken,
  Latency,
  StreamReport,
  UpgradePath,
  UpgradeReport,
} from "#harness/model/upgrade";

/**
 * Upgrade paths side by side: what `hardway compare --json` prints. Every list "per path" is in the order of `paths`;
 * the first path is what the others are held against.
 */
export interface Comparison {
  readonly format: 1;
  readonly paths: readonly ComparedPath[];
  /** Milliseconds from the first hop's beginning to the last one's end. */
  readonly took: Quantity;
  /** Milliseconds in which users were not served, of all streams together. */
  readonly out: Quantity;
  /** Milliseconds: the longest outage of any user. */
  readonly longest: Quantity;
  readonly streams: readonly StreamRow[];
  readonly hops: readonly HopRow[];
  readonly steps: readonly StepRow[];
  /** Of steps whose program tells its parts: those that outages name, and those that take long. */
  readonly parts: readonly PartRow[];
  readonly claims: readonly ClaimRow[];
  readonly changes: readonly ChangeRow[];
  readonly forecasts: readonly ForecastRow[];
  /** Hops that did not end well although no forecast said so. */
  readonly unforeseen: readonly Unforeseen[];
}

/** A path with all its runs. Runs are of one path when they took the same hops in the same way, whatever its name was. */
export interface ComparedPath {
  /** A, B, … */
  readonly label: string;
  readonly path: UpgradePath;
  /** Everything that they told, in the order in which they were given. */
  readonly runs: readonly UpgradeReport[];
  /** Which of the runs stands for them in a drawing: the one in the middle by how long users were not served, all taken together. */
  readonly median: number;
}

/** One number of every path. */
export interface Quantity {
  readonly unit: "ms" | "count";
  /** Per path. `null`: it was not measured on this path. */
  readonly spreads: readonly (Spread | null)[];
  /** Per path, against the first. `null`: it is the first, or one of both was not measured. */
  readonly against: readonly (Difference | null)[];
}

/**
 * How two paths differ in one number.
 *
 * - `none`: the medians are equal.
 * - `below-resolution`: the medians are closer than the probes can tell.
 * - `within-noise`: the ranges of both paths' runs meet: it may be chance.
 * - `noise-unknown`: the ranges lie apart, but so would those of two equal paths more often than once in ten, with so
 *   few runs.
 * - `differs`: the ranges lie apart, and chance does that to two equal paths once in ten times at the most.
 */
export interface Difference {
  readonly is: "none" | "below-resolution" | "within-noise" | "noise-unknown" | "differs";
  /** The median less that of the first path. */
  readonly by: number;
  /** What the probes of both paths cannot tell apart, or one of them may have missed, in the quantity's unit. */
  readonly resolution: number;
  /** How likely the ranges of so many runs of two equal paths are to lie apart: 2 / C(n + m, n). */
  readonly chance: number;
}

/** What one user felt on every path. */
export interface StreamRow extends Pick<StreamReport, "name" | "what" | "from"> {
  /** Milliseconds: the longest period on any of the paths. */
  readonly everyMs: number;
  readonly outages: Quantity;
  /** Milliseconds. */
  readonly longest: Quantity;
  /** Milliseconds, of all outages. */
  readonly total: Quantity;
  /** Requests. */
  readonly failed: Quantity;
  readonly latency: Readonly<
    Record<keyof StreamReport["latency"], Readonly<Record<keyof Pick<Latency, "p50" | "p99">, Quantity>>>
  >;
  /** What only this kind of user can tell: `lost` of a ledger. */
  readonly counts: Readonly<Record<string, Quantity>>;
  /** Milliseconds: an outage's length is known no better, on any of the paths. */
  readonly resolution: number;
}

export interface HopRow {
  readonly hop: number;
  /** Per path. `null`: it has no such hop. */
  readonly titles: readonly (string | null)[];
  /** Per path and run. */
  readonly ended: readonly (readonly HopTaken["ended"][])[];
  /** Per path: why it did not end well, each reason once. */
  readonly because: readonly (readonly string[])[];
  readonly ms: Quantity;
}

export interface StepRow {
  readonly hop: number;
  readonly name: string;
  readonly ms: Quantity;
  /** Per path: why it failed, each reason once. */
  readonly errors: readonly (readonly string[])[];
}

/** A part of a step, such as a task of a playbook. */
export interface PartRow {
  readonly hop: number;
  /** What it belongs to: its play. */
  readonly group: string;
  /** With its machines. */
  readonly name: string;
  readonly ms: Quantity;
  /** Outages that name it, for it may have caused them. One outage may name several parts. */
  readonly outages: Quantity;
  /** Milliseconds, of these outages of all users together. */
  readonly out: Quantity;
  /** Per path: whose outages, the longest first. */
  readonly users: readonly (readonly string[])[];
}

export interface ClaimRow {
  readonly claim: string;
  /** Per path and run. Empty: it was not judged. */
  readonly outcomes: readonly (readonly Outcome[])[];
}

/** Something that is not as it was, on one machine or more. */
export interface ChangeRow extends Pick<Change, "kind" | "what"> {
  readonly on: readonly string[];
  /**
   * Of the paths on which it could be looked at. `all`: the same on every one. `otherwise`: on every one, to other values.
   * `some`: not on every one. `varies`: on every one, and other in every run of one of them, such as a date.
   */
  readonly where: "all" | "otherwise" | "some" | "varies";
  /** Per path: in how many of its runs. `null`: in none of them could it be looked at. */
  readonly runs: readonly (number | null)[];
  /** Per path: in how many of its runs it could be looked at. */
  readonly of: readonly number[];
  /** Per path: from what to what, each once. */
  readonly values: readonly (readonly Pick<Change, "before" | "after">[])[];
}

export interface ForecastRow extends Forecast {
  /** Per path. `null`: not foretold of it. */
  readonly paths: readonly (Foretold | null)[];
}

export interface Foretold {
  /** In how many of its runs. */
  readonly runs: number;
  /** `untold`: nothing that was recorded says so or otherwise. */
  readonly came: "true" | "false" | "untold";
  readonly because: string;
}

export interface Unforeseen {
  /** Index in `paths`. */
  readonly path: number;
  readonly hop: number;
  readonly ended: "refused" | "failed";
  readonly because: string;
}
