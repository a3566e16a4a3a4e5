import type { Judged, Observed } from "../model/evidence.ts";
import type { Check, Outcome } from "../model/judging.ts";
import { shown } from "./difference.ts";

type Given = Judged["verdict"];

/** What a check says of one sighting. A probe that could not look, or a check that throws, is `unseen`. */
export function verdictOn(check: Check<unknown>, sighting: Observed): Given {
  if (sighting.unseen !== undefined) return { is: "unseen", because: sighting.unseen };
  try {
    return check.judge(sighting.seen);
  } catch (error) {
    const because = `the check ${check.name} cannot judge ${shown(sighting.seen, 500)}: ${String(error)}`;
    return { is: "unseen", because };
  }
}

/**
 * What a check says of all sightings that a claim was judged by. Pure, and the same while a run goes on and when its
 * journal is judged again.
 * - `reaches`, `once`, `always`: the last sighting decides.
 * - `holds`: every sighting must be met, none unseen, and there must be two at least.
 */
export function verdictOver(mode: Judged["mode"], check: Check<unknown>, sightings: readonly Observed[]): Given {
  const last = sightings.at(-1);
  if (!last) return { is: "unseen", because: "it was never looked at" };
  if (mode !== "holds") return verdictOn(check, last);
  const bad = sightings.map((sighting) => verdictOn(check, sighting)).find((verdict) => verdict.is !== "met");
  if (bad) return bad;
  const looks = sightings.reduce((sum, { times = 1 }) => sum + times, 0);
  return looks >= 2 ? { is: "met" } : { is: "unseen", because: "it was looked at only once; two looks are the least" };
}

/** Whether, among these sightings of one probe, the thing was present whose absence the check claims. */
export function wasPresent(check: Check<unknown>, earlier: readonly Observed[]): boolean {
  const { absenceOf } = check;
  return absenceOf === undefined || earlier.some((sighting) => verdictOn(absenceOf, sighting).is === "met");
}

/** Why a claim of absence is refused. */
export const neverPresent = "an absence is claimed only after a presence, and its presence was never seen in this run";

/** What a verdict means for the claim that it was given on. */
export function outcomeOfVerdict({ is }: Given): Outcome {
  return is === "met" ? "conforms" : is === "unseen" ? "broken" : "violates";
}
