import { relative } from "node:path";
import { journalFile } from "#harness/evidence/journal";
import { ms, readable } from "#harness/judging/duration";
import { LabBroken } from "#harness/model/errors";
import type { Duration } from "#harness/model/units";

/**
 * Gives a claim its time, at the pace of the lab's machines, as all waits in it are. Throws `LabBroken` when that is
 * over, and aborts what `judge` was given; what does not hear of it goes on by itself.
 */
export async function inTime(
  judge: (signal: AbortSignal) => Promise<void>,
  { within, pace, folder }: { readonly within: Duration; readonly pace: number; readonly folder: string },
): Promise<void> {
  const allowed = ms(within) * pace;
  const over = new AbortController();
  const { promise: never, reject } = Promise.withResolvers<never>();
  const timer = setTimeout(() => {
    const paced = pace === 1 ? "" : `, ${within} at the pace of VMs, which take ${pace} times as long`;
    const error = new LabBroken(`the claim was not judged in the time that it may take: ${readable(allowed)}${paced}`, {
      look: relative(process.cwd(), journalFile(folder)),
    });
    reject(error);
    over.abort(error);
  }, allowed);
  // Who was interrupted need not wait for it.
  timer.unref();
  try {
    await Promise.race([judge(over.signal), never]);
  } finally {
    clearTimeout(timer);
  }
}
