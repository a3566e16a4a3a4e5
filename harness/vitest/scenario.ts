import { relative } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, describe, type TestContext, test } from "vitest";
import { claimEnded } from "#harness/evidence/listeners";
import { screenProgress } from "#harness/host/progress";
import { ms } from "#harness/judging/duration";
import { outcomeOf, worst } from "#harness/judging/outcome";
import { within } from "#harness/judging/within";
import { LabBroken, reasonOf, Unsupported } from "#harness/model/errors";
import type { Measured } from "#harness/model/evidence";
import type { Outcome } from "#harness/model/judging";
import type { Lab, Scenario } from "#harness/model/scenario";
import type { Topology } from "#harness/model/topology";
import type { Duration } from "#harness/model/units";
import { howToEnter } from "#harness/run/how-to-enter";
import { countInterrupts } from "#harness/run/interrupt";
import { raiseLab, type UpLab } from "#harness/run/lifecycle";
import { inTime } from "./in-time.ts";
import { skipUnsupported } from "./unsupported.ts";

/** A lab may have to obtain and bake everything first: a cold build of all programs takes a quarter of an hour on 2 cores. */
const bootBudget = 45 * 60_000;
/** The longest claims wait for a hold time, a dead node and its return, each with a named wait of its own. */
const claimBudget: Duration = "5m";
/** Vitest knows nothing of the pace of VMs: a claim's time is kept here. */
const noTimeout = 0;
/** Giving machines back, and what else is undone or collected: each has a budget of its own, which add up to less. */
export const lowerBudget = ms(within.machineReturned.within) + 2 * 60_000;
/** A signal that ended the run may be heard here a moment after vitest's word that it is cancelled: two ways to one process. */
const signalLagMs = 250;
/** The states after a third red claim explain little that the first two do not. */
const explainedClaims = 3;

/** What a claim is given. */
export type Claim<N extends string> = ReturnType<UpLab<N>["claim"]> & {
  readonly lab: Lab<N>;
  /** Records a number that is worth comparing between runs. */
  measure(name: string, value: number, unit: Measured["unit"], detail?: unknown): void;
  /** Keeps a file with the run. */
  attach(name: string, content: string | Uint8Array): void;
};

/** Declares a claim: a sentence that can be false, and the looking that finds out. */
export type Claims<N extends string> = (
  sentence: string,
  judge: (claim: Claim<N>) => Promise<void>,
  /** `within`: of a claim that does something long before it judges. Default 5 minutes. As waits, it is longer on VMs. */
  options?: { readonly within?: Duration },
) => void;

/** Raises something that several claims share, when the first of them asks for it; it stays until the lab is lowered. */
export type Given<N extends string> = <T>(raise: (lab: Lab<N>) => Promise<T>) => (lab: Lab<N>) => Promise<T>;

/**
 * Makes a scenario a suite of vitest: raises its lab once, judges the claims in order, then what must always have held,
 * and lowers it. A host that lacks a feature skips every claim, with the reason; a lab that does not come up breaks
 * every claim, with the cause.
 */
export function scenario<T extends Topology>(
  declared: Scenario<T>,
  declareClaims: (claim: Claims<keyof T["nodes"] & string>, given: Given<keyof T["nodes"] & string>) => void,
): void {
  type N = keyof T["nodes"] & string;
  const wanted = process.env.HARDWAY_TIER ?? "core";
  const suite = wanted === "core" && declared.tier !== "core" ? describe.skip : describe;

  suite(declared.id, () => {
    let up: UpLab<N> | undefined;
    let cause: unknown;
    const outcomes: Outcome[] = [];
    /** Claims that vitest gave up, as it does when the run is cancelled, never end. */
    const begun = new Set<string>();

    beforeAll(async () => {
      const interruption = new AbortController();
      using _ = countInterrupts((_, signal) => interruption.abort(new LabBroken(`interrupted by ${signal}`)));
      try {
        up = await raiseLab(declared, { progress: screenProgress(), signal: interruption.signal });
      } catch (error) {
        cause = error;
        outcomes.push(outcomeOf(error));
        // Skipped claims are silent on the screen.
        if (error instanceof Unsupported) process.stderr.write(`hardway: unsupported: ${error.message}\n`);
      }
    }, bootBudget);

    afterAll(async () => {
      const [givenUp] = begun;
      const outcome = worst(...outcomes, ...(givenUp === undefined ? [] : ["broken" as const]));
      if (!up) return;
      if (givenUp !== undefined) await sleep(signalLagMs, undefined, { signal: up.run.signal }).catch(() => undefined);
      const keep = mustKeep(outcome);
      try {
        await up.lower({ outcome, keep, ...(givenUp !== undefined && { because: `given up: ${givenUp}` }) });
      } finally {
        const { folder, signal } = up.run;
        const ended = signal.aborted ? "was interrupted" : outcome;
        process.stderr.write(`hardway: ${declared.id} ${ended}: ${relative(process.cwd(), folder)}/index.html\n`);
        // Also when letting go of it failed: it stays up all the same.
        if (keep && !signal.aborted) process.stderr.write(howToEnter(declared, up.run));
      }
    }, lowerBudget);

    const judged = (
      sentence: string,
      judge: (lab: UpLab<N>, signal: AbortSignal) => Promise<void>,
      allowed = claimBudget,
    ) =>
      test(sentence, { timeout: noTimeout }, async (context) => {
        const lab = raised(up, cause, context);
        let failure: unknown;
        begun.add(sentence);
        try {
          await inTime((signal) => judge(lab, signal), { within: allowed, pace: lab.pace, folder: lab.run.folder });
        } catch (error) {
          failure = error;
        }
        const outcome = failure === undefined ? "conforms" : outcomeOf(failure);
        const red = failure !== undefined && outcome !== "unsupported";
        if (red && outcomes.filter((o) => o === "broken" || o === "violates").length < explainedClaims)
          await lab.explain();
        outcomes.push(outcome);
        begun.delete(sentence);
        await claimEnded({
          run: lab.run,
          test: sentence,
          outcome,
          attachments: [],
          ...(failure !== undefined && { because: reasonOf(failure) }),
        });
        if (failure instanceof Unsupported) skipUnsupported(failure, context);
        if (failure !== undefined) throw failure;
      });

    const claim: Claims<N> = (sentence, judge, options) =>
      judged(sentence, (lab, signal) => judge(claimOf(lab, sentence, { signal })), options?.within);
    declareClaims(claim, givenOnce);
    for (const invariant of declared.always ?? []) judged(`always: ${invariant.claim}`, (lab) => lab.always(invariant));
  });
}

/** What a claim is given, of a lab that is up. */
export function claimOf<N extends string>(
  lab: UpLab<N>,
  sentence: string,
  options?: { readonly patience?: Duration; readonly signal?: AbortSignal },
): Claim<N> {
  const { journal } = lab.run;
  return {
    ...lab.claim(sentence, options),
    measure: (name, value, unit, detail) =>
      journal.write({ kind: "measured", at: Date.now(), test: sentence, name, value, unit, detail }),
    attach: (name, content) => {
      journal.attach(name, content);
    },
  };
}

/** Makes a `Given`. */
export function givenOnce<L, T>(raise: (lab: L) => Promise<T>): (lab: L) => Promise<T> {
  let raised: Promise<T> | undefined;
  return (lab) => {
    raised ??= raise(lab);
    return raised;
  };
}

function raised<N extends string>(up: UpLab<N> | undefined, cause: unknown, context: TestContext): UpLab<N> {
  if (up) return up;
  if (cause instanceof Unsupported) skipUnsupported(cause, context);
  throw cause ?? new LabBroken("the lab was never raised");
}

/** `HARDWAY_KEEP`: never (the default), always, or failure, which is that a claim is violated or broken. */
export function mustKeep(outcome: Outcome): boolean {
  const keep = process.env.HARDWAY_KEEP ?? "never";
  return keep === "always" || (keep === "failure" && (outcome === "violates" || outcome === "broken"));
}
