import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { screenProgress } from "#harness/host/progress";
import type { Scenario } from "#harness/model/scenario";
import type { Topology } from "#harness/model/topology";
import type { Duration } from "#harness/model/units";
import { raiseLab, type UpLab } from "#harness/run/lifecycle";
import { type Claim, type Claims, claimOf, type Given, givenOnce } from "./scenario.ts";

/** A way to make one claim false: break what it judges, and only that. */
export interface Breakage<N extends string> {
  /** How the claim's sentence begins; `always: …` for an invariant. */
  readonly claim: string;
  /** What is done to the system, as a heading. */
  readonly when: string;
  /** Breaks it. Disposing mends it. */
  breaks(claim: Claim<N>): Promise<AsyncDisposable>;
  /** What the red claim must say, so that it is red for the right reason. */
  readonly says: RegExp;
  /** How long the claim's waits may take: longer than what the claim does before it judges. Default 6 s. */
  readonly patience?: Duration;
}

/** Building and healing take their time; each has named waits of its own. */
const budget = 45 * 60_000;

/**
 * Proves that a scenario's claims can be false. Raises its lab once; for each breakage waits until the system is
 * `sound`, breaks it, judges the claim, demands that it is violated and says why, and mends it. A claim that nothing
 * breaks fails.
 */
export function reddened<T extends Topology>(
  declared: Scenario<T>,
  declareClaims: (claim: Claims<keyof T["nodes"] & string>, given: Given<keyof T["nodes"] & string>) => void,
  options: {
    sound(claim: Claim<keyof T["nodes"] & string>): Promise<unknown>;
    breakages: readonly Breakage<keyof T["nodes"] & string>[];
  },
): void {
  type N = keyof T["nodes"] & string;
  const claims = new Map<string, (lab: UpLab<N>, patience: Duration) => Promise<void>>();
  declareClaims(
    (sentence, judge) => claims.set(sentence, (lab, patience) => judge(claimOf(lab, sentence, { patience }))),
    givenOnce,
  );
  for (const invariant of declared.always ?? [])
    claims.set(`always: ${invariant.claim}`, (lab) => lab.always(invariant));

  describe(`${declared.id}: every claim can be false`, () => {
    let up: UpLab<N>;
    let unmended = 0;
    beforeAll(async () => {
      up = await raiseLab(declared, { progress: screenProgress() });
    }, budget);
    afterAll(() => up?.lower({ outcome: unmended === 0 ? "conforms" : "broken" }), budget);

    test("something breaks each of them", () => {
      const spared = [...claims.keys()].filter((s) => !options.breakages.some((b) => s.startsWith(b.claim)));
      expect(spared).toEqual([]);
    });

    for (const { claim, when, breaks, says, patience = "6s" } of options.breakages) {
      test(`${claim} … is red when ${when}`, { timeout: budget }, async () => {
        const [sentence, judge] = [...claims].find(([s]) => s.startsWith(claim)) ?? [];
        if (!judge || !sentence) throw new Error(`no claim begins with "${claim}"`);
        unmended += 1;
        await options.sound(claimOf(up, `sound before: ${when}`));
        const broken = await breaks(claimOf(up, `breaking: ${when}`));
        try {
          const failure = await judge(up, patience).then(
            () => undefined,
            (error: unknown) => error,
          );
          expect(failure, `the claim was met although ${when}`).toMatchObject({ name: "ClaimViolated" });
          expect((failure as Error).message).toMatch(says);
          up.run.journal.attach(`red-${claim}.txt`, `${sentence}\nwhen ${when}\n\n${(failure as Error).message}\n`);
        } finally {
          await broken[Symbol.asyncDispose]();
        }
        unmended -= 1;
      });
    }
  });
}
