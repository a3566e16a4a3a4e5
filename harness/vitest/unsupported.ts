import type { TestContext } from "vitest";
import type { Reporter, TestModule, TestRunEndReason } from "vitest/node";
import { Unsupported } from "#harness/model/errors";

/** Says of a test that was skipped that its host could not run it: `context.task.meta.unsupported = true`. */
declare module "vitest" {
  interface TaskMeta {
    unsupported?: boolean;
  }
}

/** Does what a test needs of its host; where that throws `Unsupported`, the test is skipped and says why. */
export function unlessUnsupported(need: () => unknown, context: TestContext): void {
  try {
    need();
  } catch (error) {
    if (!(error instanceof Unsupported)) throw error;
    skipUnsupported(error, context);
  }
}

/** Of the whole host, or of one claim that needs what is not there: skipped, with the reason, and never a pass. */
export function skipUnsupported({ message }: Unsupported, context: TestContext): void {
  context.task.meta.unsupported = true;
  context.skip(message);
}

/** As `hardway` has it: 3 is `unsupported`. */
const unsupportedExitCode = 3;

/**
 * A run whose every claim that could be judged was met, while some could not be on this host, does not exit with 0: no
 * CI is to take it for a pass.
 */
export default class UnsupportedReporter implements Reporter {
  onTestRunEnd(modules: readonly TestModule[], _errors: unknown, reason: TestRunEndReason): void {
    const unsupported = modules
      .flatMap((module) => [...module.children.allTests()])
      .filter((t) => t.meta().unsupported);
    if (unsupported.length === 0 || reason !== "passed") return;
    process.stderr.write(`hardway: ${unsupported.length} claims were not judged: unsupported on this host\n`);
    process.exitCode = unsupportedExitCode;
  }
}
