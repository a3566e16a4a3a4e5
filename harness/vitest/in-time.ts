import { relative } from "node:path";
import { journalFile } from "#harness/evidence/journal";
import { ms, readable } from "#harness/judging/duration";
import { waitAtPace } from "#harness/judging/pace";
import { within } from "#harness/judging/within";
import { LabBroken } from "#harness/model/errors";
import type { Duration } from "#harness/model/units";

/**
 * Gives a claim its time, at the pace of the lab's machines, as all waits in it are. Throws `LabBroken` when that is
 * over: it aborts what `judge` was given, and lets it undo what it did, so that the next claim does not begin meanwhile.
 * What does not hear of it, or undoes for longer than `within.claimUndone`, goes on by itself.
 */
export async function inTime(
  judge: (signal: AbortSignal) => Promise<void>,
  { within: given, pace, folder }: { readonly within: Duration; readonly pace: number; readonly folder: string },
): Promise<void> {
  const allowed = ms(given) * pace;
  const over = new AbortController();
  const judging = judge(over.signal);
  if (await ends(judging, allowed)) return judging;
  const paced = pace === 1 ? "" : `, ${given} at the pace of VMs, which take ${pace} times as long`;
  const late = `the claim was not judged in the time that it may take: ${readable(allowed)}${paced}`;
  const look = relative(process.cwd(), journalFile(folder));
  const error = new LabBroken(late, { look });
  over.abort(error);
  const undone = waitAtPace(pace, within.claimUndone).within;
  if (await ends(judging, ms(undone))) throw error;
  throw new LabBroken(`${late}; what it did may not be undone, ${undone} later it is still at work`, {
    look,
    cause: error,
  });
}

/** Whether it ends within so many milliseconds, well or not. */
async function ends(work: Promise<unknown>, inMs: number): Promise<boolean> {
  const late = Promise.withResolvers<boolean>();
  // Who was interrupted need not wait for it.
  const timer = setTimeout(late.resolve, inMs, false).unref();
  const ended = () => true;
  try {
    return await Promise.race([work.then(ended, ended), late.promise]);
  } finally {
    clearTimeout(timer);
  }
}
