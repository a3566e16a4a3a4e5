import { checkNamed } from "../judging/checks.ts";
import { neverPresent, outcomeOfVerdict, verdictOver, wasPresent } from "../judging/verdict.ts";
import type { Judged, Observed } from "../model/evidence.ts";
import type { Check, Outcome } from "../model/judging.ts";
import { readJournal } from "./journal.ts";

/** One verdict of a stored run, and what the checks say of the same sightings now. */
export interface Rejudged {
  readonly test: string;
  /** The whole sentence: what was looked at, and what was claimed of it. */
  readonly claim: string;
  readonly was: Outcome;
  readonly now: Outcome;
  /** The verdict now. */
  readonly verdict: Judged["verdict"];
}

/**
 * Judges a stored run again, from its journal alone: every verdict in it, in order. Whoever calls imports the modules
 * that define its checks first; a check that nobody defined makes its verdict `broken`, with the reason.
 * Throws `LabBroken` when the journal cannot be read.
 */
export function rejudge(folder: string): Rejudged[] {
  const seen = new Map<string, Observed[]>();
  const results: Rejudged[] = [];
  for (const entry of readJournal(folder)) {
    if (entry.kind === "observed") {
      seen.set(entry.probe, [...(seen.get(entry.probe) ?? []), entry]);
    } else if (entry.kind === "judged") {
      const { verdict, claim } = again(entry, seen.get(entry.probe) ?? []);
      const now = outcomeOfVerdict(verdict);
      results.push({ test: entry.test, claim: `${entry.probe} ${claim}`, was: entry.outcome, now, verdict });
    }
  }
  return results;
}

function again(judged: Judged, sofar: readonly Observed[]): { verdict: Judged["verdict"]; claim: string } {
  let check: Check<unknown>;
  try {
    check = checkNamed(judged.check.name, judged.check.args);
  } catch (error) {
    return { verdict: { is: "unseen", because: (error as Error).message }, claim: judged.claim };
  }
  const own = sofar.filter((sighting) => isFor(sighting, judged));
  const earlier = sofar.filter((sighting) => !own.includes(sighting));
  const verdict = wasPresent(check, earlier)
    ? verdictOver(judged.mode, check, own)
    : ({ is: "unseen", because: neverPresent } as const);
  return { verdict, claim: check.claim };
}

/** Whether a sighting of the same probe was made for this verdict; by their times where a journal numbers no judgements. */
export function isFor(sighting: Observed, { judgement, since, at }: Judged): boolean {
  return judgement === undefined ? sighting.at >= since && sighting.at <= at : sighting.judgement === judgement;
}
