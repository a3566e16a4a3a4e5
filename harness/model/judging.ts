import type { Duration } from "./units.ts";

/** Looks and never judges. May throw; that is `unseen`. */
export interface Probe<T> {
  /** What is looked at, as a noun: "adj-RIB-in of rt-01". */
  readonly of: string;
  /** How long one look may take, where it is more than a command or a request. */
  readonly takes?: Wait;
  /** `signal` is aborted when the look is given up, and when it is over: nothing that it began need outlive it. */
  look(signal: AbortSignal): Promise<T>;
}

/**
 * `met`; `unmet`, it may still come; `hopeless`, it cannot come any more, stop polling.
 */
export type Verdict =
  | { readonly is: "met" }
  | { readonly is: "unmet" | "hopeless"; readonly expected: unknown; readonly actual: unknown };

/** A pure function of what was seen. `name` and `args` let a stored journal be judged again. */
export interface Check<T> {
  /** Reads after the probe's noun: "has the next hops 172.17.0.21, 172.17.0.22". */
  readonly claim: string;
  judge(seen: T): Verdict;
  /** Registered name and JSON arguments, from `defineCheck`; a check without them cannot be judged again. */
  readonly name: string;
  readonly args: unknown;
  /**
   * The presence whose absence this check claims. The judge refuses to look for an absence of what was never seen
   * present by the same probe in the same run.
   */
  readonly absenceOf?: Check<T>;
}

/** A named wait: how long, and why that long. All of them stand in `#harness/judging/within`. */
export interface Wait {
  readonly name: string;
  readonly within: Duration;
  readonly because: string;
}

/**
 * Must hold over the whole run. `watch` begins as soon as the machines are up, before any daemon starts, and its probe
 * is looked at once, after the last claim: it then tells everything that was seen in between.
 */
export interface Invariant<W, T = unknown> {
  readonly claim: string;
  watch(world: W): Promise<Probe<T>>;
  readonly check: Check<T>;
}

export type Outcome = "conforms" | "unsupported" | "broken" | "violates";
