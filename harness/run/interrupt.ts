import { ms } from "#harness/judging/duration";
import { within } from "#harness/judging/within";
import type { OwnedRun } from "./create.ts";

/** What a person or a CI sends to end a run. */
export const interruptSignals = ["SIGINT", "SIGTERM", "SIGHUP"] as const;

/** One Ctrl-C may arrive several times: from the terminal, from npm, and passed on by vitest's main process. */
const sameKeystrokeMs = 300;

/** How often it is looked whether the parent is still there, in milliseconds. */
const parentEvery = 500;

/**
 * Calls `heard` with how many interruptions there have been. Disposing takes the handlers away again.
 *
 * npm that gets SIGTERM ends itself and the shell between it and its command, and the command hears nothing of it. So
 * below npm the loss of the parent is an interruption too, as if the terminal had hung up.
 */
export function countInterrupts(heard: (nth: number, signal: NodeJS.Signals) => void): Disposable {
  let nth = 0;
  let last = Number.NEGATIVE_INFINITY;
  const handle = (signal: NodeJS.Signals) => {
    const now = performance.now();
    if (now - last < sameKeystrokeMs) return;
    last = now;
    nth += 1;
    heard(nth, signal);
  };
  for (const signal of interruptSignals) process.on(signal, handle);
  const parent = process.ppid;
  const watch = setInterval(() => {
    if (process.env.npm_execpath === undefined || process.ppid === parent) return;
    clearInterval(watch);
    handle("SIGHUP");
  }, parentEvery).unref();
  return {
    [Symbol.dispose]() {
      clearInterval(watch);
      for (const signal of interruptSignals) process.off(signal, handle);
    },
  };
}

/**
 * Lets a run be interrupted. The first signal aborts it: whoever runs it hears of that, collects and lowers; should
 * nobody do so within `within.abortHeard`, it is lowered from here. The second says that it is still being lowered, the
 * third gives up and ends the process by that signal: the next start sweeps what is left.
 * Disposing takes the handlers away again.
 *
 * In a terminal the whole foreground process group gets SIGINT, `kill` tells one process only. With vitest the run is in
 * a worker; `#harness/vitest/interrupt` sees to it that the worker is told, and is given the time to lower.
 */
export function onInterrupt(run: OwnedRun, say: (text: string) => void = toStderr): Disposable {
  let rescue: NodeJS.Timeout | undefined;

  const lower = (because: string) => {
    if (run.ending) return;
    run.journal.write({ kind: "run-ended", at: Date.now(), outcome: "broken", because });
    run.end().catch((error: Error) => say(error.message));
  };
  const counting = countInterrupts((nth, signal) => {
    if (nth === 1) {
      say(`${signal}: lowering ${run.id}`);
      run.abort(signal);
      rescue = setTimeout(lower, ms(within.abortHeard.within), `interrupted by ${signal}`);
    } else if (nth === 2) {
      say(`${signal}: still lowering ${run.id}; once more gives up, and the next start sweeps what is left`);
    } else {
      say(`${signal}: ${run.id} is left as it is; the next start sweeps it`);
      stop();
      process.kill(process.pid, signal);
    }
  });
  const stop = () => {
    clearTimeout(rescue);
    counting[Symbol.dispose]();
  };
  return { [Symbol.dispose]: stop };
}

const toStderr = (text: string): void => {
  process.stderr.write(`\nhardway: ${text}\n`);
};
