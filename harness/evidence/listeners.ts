import type { Attached } from "../model/evidence.ts";
import type { Outcome } from "../model/judging.ts";
import type { Run } from "../model/run.ts";

/** What reports are told when a claim was judged, while its test is still the current one. */
export interface ClaimEnd {
  readonly run: Run;
  /** The claim's sentence. */
  readonly test: string;
  readonly outcome: Outcome;
  /** Files worth showing besides those that the journal has of this claim. */
  readonly attachments: readonly Attached[];
  /** Why it is not `conforms`. */
  readonly because?: string;
}

type Listener<T> = (event: T) => void | Promise<void>;

const ofClaims = new Set<Listener<ClaimEnd>>();
const ofRuns = new Set<Listener<string>>();

/** Calls `listener` at every claim's end from now on. Returns what takes it away again. */
export function onClaimEnd(listener: Listener<ClaimEnd>): () => void {
  ofClaims.add(listener);
  return () => ofClaims.delete(listener);
}

/** Calls `listener` with the run's folder once its journal is complete. Returns what takes it away again. */
export function onRunEnd(listener: Listener<string>): () => void {
  ofRuns.add(listener);
  return () => ofRuns.delete(listener);
}

/** Writes a claim's end to the journal, then tells the listeners, one after the other. Throws what they throw. */
export async function claimEnded(end: ClaimEnd): Promise<void> {
  const { run, test, outcome, because } = end;
  run.journal.write({ kind: "claim-ended", at: Date.now(), test, outcome, ...(because !== undefined && { because }) });
  for (const listener of ofClaims) await listener(end);
}

/** To be called when `run-ended` is in the journal and the last file is attached. Throws what the listeners throw. */
export async function runEnded(folder: string): Promise<void> {
  for (const listener of ofRuns) await listener(folder);
}
