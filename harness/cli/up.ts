import { screenProgress } from "../host/progress.ts";
import { LabBroken } from "../model/errors.ts";
import { everyBackend } from "../run/backends.ts";
import { howToEnter } from "../run/how-to-enter.ts";
import { countInterrupts, interruptSignals } from "../run/interrupt.ts";
import { raiseLab } from "../run/lifecycle.ts";
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
      if (by === undefined) process.stdout.write(howToEnter(scenario, lab.run, until));
    }
  } catch (error) {
    if (by === undefined) throw error;
  }
  if (by === undefined) return exitCodes.conforms;
  process.stderr.write(`hardway: ${scenario.id}: interrupted by ${by}, nothing of it is up\n`);
  return interrupted[by];
}
