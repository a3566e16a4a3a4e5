import { ms } from "#harness/judging/duration";
import { within } from "#harness/judging/within";
import type { OwnedRun } from "./create.ts";

const signals = ["SIGINT", "SIGTERM", "SIGHUP"] as const;

/**
 * Lets a run be interrupted. The first signal aborts it: whoever runs it hears of that, collects and lowers; should
 * nobody do so within `within.abortHeard`, it is lowered from here. The second says that it is still being lowered, the
 * third gives up and ends the process by that signal: the next start sweeps what is left.
 * Disposing takes the handlers away again.
 *
 * In a terminal the whole foreground process group gets SIGINT, `kill` only one process; `#harness/vitest/interrupt`
 * sees to it that with vitest, too, this process gets it and has the time to lower.
 */
export function onInterrupt(run: OwnedRun, say: (text: string) => void = toStderr): Disposable {
  let heard = 0;
  let rescue: NodeJS.Timeout | undefined;

  const handle = (signal: NodeJS.Signals) => {
    heard += 1;
    if (heard === 1) {
      say(`${signal}: lowering ${run.id}`);
      run.abort(signal);
      rescue = setTimeout(() => {
        if (!run.ending) run.end().catch((error: Error) => say(error.message));
      }, ms(within.abortHeard.within));
    } else if (heard === 2) {
      say(`${signal}: still lowering ${run.id}; once more gives up, and the next start sweeps what is left`);
    } else {
      say(`${signal}: ${run.id} is left as it is; the next start sweeps it`);
      stop();
      process.kill(process.pid, signal);
    }
  };
  const stop = () => {
    clearTimeout(rescue);
    for (const signal of signals) process.off(signal, handle);
  };

  for (const signal of signals) process.on(signal, handle);
  return { [Symbol.dispose]: stop };
}

const toStderr = (text: string): void => {
  process.stderr.write(`\nhardway: ${text}\n`);
};
