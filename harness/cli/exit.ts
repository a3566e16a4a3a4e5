import { outcomeOf } from "../judging/outcome.ts";
import type { Outcome } from "../model/judging.ts";

/** What the exit code of `hardway` says. Commands run on a machine (`exec`, `shell`, `kubectl`, `logs`) return their own. */
export const exitCodes = {
  conforms: 0,
  violates: 1,
  /** The lab is wrong, or the scenario, or the command line. */
  broken: 2,
  unsupported: 3,
} as const satisfies Record<Outcome, number>;

/** 128 and the signal's number, as shells have it: 130 after Ctrl-C. */
export const interrupted = { SIGINT: 130, SIGTERM: 143, SIGHUP: 129 } as const;

/** The exit code after a command threw. */
export function exitCodeOf(error: unknown): number {
  return exitCodes[outcomeOf(error)];
}
