/**
 * What every error of the lab tells: who was asked, what was wanted, how long it was waited for, what was seen
 * instead, and where to look next.
 */
export interface Particulars {
  /** The machine, file, pod or daemon that it is about. */
  readonly who?: string;
  /** How long was waited, in milliseconds. */
  readonly waitedMs?: number;
  /** What was seen instead, verbatim where it is short. */
  readonly seen?: string;
  /** A file, a command or a page where the reader finds more. */
  readonly look?: string;
  readonly cause?: unknown;
}

function sentence(what: string, p: Particulars): string {
  const lines = [p.who ? `${p.who}: ${what}` : what];
  if (p.waitedMs !== undefined) lines.push(`  waited:   ${(p.waitedMs / 1000).toFixed(1)} s`);
  if (p.seen !== undefined) lines.push(`  seen:     ${p.seen.trimEnd().replaceAll("\n", "\n            ")}`);
  if (p.look !== undefined) lines.push(`  look:     ${p.look}`);
  return lines.join("\n");
}

/** The common shape of the four kinds. Any other error that leaves the harness is a bug of ours. */
export abstract class HardwayError extends Error {
  readonly particulars: Particulars;

  constructor(what: string, particulars: Particulars = {}) {
    super(sentence(what, particulars), particulars.cause === undefined ? undefined : { cause: particulars.cause });
    this.name = new.target.name;
    this.particulars = particulars;
  }
}

/** The scenario is wrong. Carries every problem at once; nothing was raised. */
export class Misdeclared extends HardwayError {
  readonly problems: readonly string[];

  constructor(what: string, problems: readonly string[], particulars: Particulars = {}) {
    super(`${what} is misdeclared:\n${problems.map((p) => `  - ${p}`).join("\n")}`, particulars);
    this.problems = problems;
  }
}

/** This host (or its engine) lacks a feature that the scenario needs. Named and published, never a pass. */
export class Unsupported extends HardwayError {
  readonly features: readonly string[];

  constructor(what: string, features: readonly string[], particulars: Particulars = {}) {
    super(what, particulars);
    this.features = features;
  }
}

/** The lab is wrong, not the cluster: a machine did not come up, a probe could not look, a disk is full. */
export class LabBroken extends HardwayError {}

/** The cluster is wrong: a claim about it was looked at and is false. */
export class ClaimViolated extends HardwayError {
  readonly expected: unknown;
  readonly actual: unknown;

  constructor(what: string, expected: unknown, actual: unknown, particulars: Particulars = {}) {
    super(what, particulars);
    this.expected = expected;
    this.actual = actual;
  }
}

/** Anything thrown, in words. */
export const reasonOf = (thrown: unknown): string => (thrown instanceof Error ? thrown.message : String(thrown));
