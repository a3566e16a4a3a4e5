import { screenProgress } from "../host/progress.ts";
import { LabBroken } from "../model/errors.ts";
import { everyBackend } from "../run/backends.ts";
import { howToEnter } from "../run/how-to-enter.ts";
import { countInterrupts, interruptSignals } from "../run/interrupt.ts";
import { raiseLab } from "../run/lifecycle.ts";
import { ownerText, thisOwner } from "../run/owner.ts";
import { findRun, listRuns } from "../run/registry.ts";
import { exitCodes, interrupted } from "./exit.ts";
import { loadScenario } from "./scenarios.ts";

type InterruptSignal = (typeof interruptSignals)[number];

export interface UpOptions {
  readonly variant?: string;
  readonly until?: string;
  /** A file: its machines are the lab's. */
  readonly inventory?: string;
}

/**
 * Raises a lab and leaves it up. Prints how to enter it. Interrupted, it lowers what it raised and returns the signal's
 * exit code; the third interruption ends the process at once.
 */
export async function up(folder: string, { variant, until, inventory }: UpOptions): Promise<number> {
  const scenario = await loadScenario(folder, variant);
  const interruption = new AbortController();
  let by: InterruptSignal | undefined;
  using counting = countInterrupts((nth, signal) => {
    by ??= interruptSignals.find((known) => known === signal);
    interruption.abort(new LabBroken(`interrupted by ${signal}`));
    if (nth < 3) return;
    counting[Symbol.dispose]();
    process.kill(process.pid, signal);
  });
  try {
    const options = { progress: screenProgress(), signal: interruption.signal, backends: everyBackend(inventory) };
    const lab = await raiseLab(scenario, { ...options, ...(until !== undefined && { until }) });
    try {
      await lab.lower({ outcome: by ? "broken" : "conforms", keep: by === undefined, ...(by && { because: by }) });
    } finally {
      // Also when letting go of it failed: it stays up all the same.
      if (findRun(lab.run.id)?.kept) process.stdout.write(howToEnter(scenario, lab.run, until));
    }
  } catch (error) {
    if (by === undefined) throw error;
  }
  if (by === undefined) return exitCodes.conforms;
  process.stderr.write(`hardway: ${scenario.id}: interrupted by ${by}, ${leftNow()}\n`);
  return interrupted[by];
}

/** What this process raised and could not lower: a run is known until all its machines are gone, or given back. */
function leftNow(): string {
  const me = ownerText(thisOwner());
  const left = listRuns().filter(({ owner }) => ownerText(owner) === me);
  if (left.length === 0) return "nothing of it is up";
  return `and not all of it could be taken down: ${left.map(({ id }) => `npx hardway down ${id}`).join(", ")}`;
}
