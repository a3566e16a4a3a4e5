import type { Attached } from "../model/evidence.ts";
import type { Outcome } from "../model/judging.ts";
import type { Run } from "../model/run.ts";

/** What reports are told when a claim was judged, while its test is still the current one. */
export interface ClaimEnd {
  readonly run: Run;
  /** The claim's sentence. */
  readonly test: string;
  readonly outcome: Outcome;
  readonly attachments: readonly Attached[];
  /** Why it is not `conforms`. */
  readonly because?: string;
}

export type ClaimEndListener = (end: ClaimEnd) => void | Promise<void>;

const listeners = new Set<ClaimEndListener>();

/** Calls `listener` at every claim's end from now on. Returns what takes it away again. */
export function onClaimEnd(listener: ClaimEndListener): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

/** Tells all listeners, one after the other. One that throws fails the claim's test: a report that is not written is not hidden. */
export async function claimEnded(end: ClaimEnd): Promise<void> {
  for (const listener of listeners) await listener(end);
}
