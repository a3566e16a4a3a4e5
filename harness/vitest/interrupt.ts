import { readFileSync } from "node:fs";
import type { TestProject } from "vitest/node";
import { countInterrupts, interruptSignals } from "#harness/run/interrupt";
import { listRuns } from "#harness/run/registry";

/**
 * A global setup of vitest, in its main process, that lets an interrupted run be lowered.
 *
 * By itself vitest 5 ends its main process 1 ms after SIGINT or SIGTERM, and its watchdog then kills every worker with
 * SIGKILL, in the middle of a claim or of teardown. Here its handlers are taken away; the first signal cancels the run
 * instead: claims that wait are given up, no further file begins, and `afterAll` has its time. Each signal is passed on
 * to the workers, who may be in a hook, which a cancelled run lets finish. The third ends all at once.
 */
export default function setup({ vitest }: TestProject): () => Promise<void> {
  for (const signal of interruptSignals) process.removeAllListeners(signal);
  const counting = countInterrupts((nth, signal) => {
    for (const child of children()) process.kill(child, signal);
    if (nth === 1) void vitest.cancelCurrentRun("keyboard-input");
    if (nth < 3) return;
    counting[Symbol.dispose]();
    process.kill(process.pid, signal);
  });
  return async () => {
    counting[Symbol.dispose]();
    await sweepWorkers();
  };
}

/** A worker that was killed could not lower its lab. */
async function sweepWorkers(): Promise<void> {
  if (!listRuns().some(({ state }) => state === "dead")) return;
  const { containerBackend } = await import("#harness/machines/container/backend");
  const swept = await containerBackend().sweep();
  process.stderr.write(swept.map((line) => `hardway: removed ${line}\n`).join(""));
}

/** Processes that this one started. Empty where there is no /proc; a terminal then tells them itself. */
function children(): number[] {
  try {
    return readFileSync(`/proc/self/task/${process.pid}/children`, "utf8").split(" ").filter(Boolean).map(Number);
  } catch {
    return [];
  }
}
