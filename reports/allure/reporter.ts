import { rmSync } from "node:fs";
import { Status, type TestResult } from "allure-js-commons";
import AllureVitestReporter, { type AllureVitestReporterConfig } from "allure-vitest/reporter";
import type { Outcome } from "#harness/model/judging";
import { outcomeLabel, outcomeOfError, statusOf } from "./outcome.ts";

type Task = Parameters<AllureVitestReporter["handleTask"]>[0];

/**
 * allure-vitest's reporter with the lab's outcomes: violates → failed, broken → broken, unsupported → skipped. Left
 * alone, Allure takes any error with "assert" in its message, or with `expected` and `actual`, for a failure, and
 * forgets why a test was skipped. Results of the run before are removed first: a report is of one run.
 */
export default class AllureReporter extends AllureVitestReporter {
  constructor(config: AllureVitestReporterConfig) {
    if (config.resultsDir) rmSync(config.resultsDir, { recursive: true, force: true });
    super({
      reportMatchers: false,
      categories: [
        { name: "Violated: the cluster is wrong", matchedStatuses: [Status.FAILED] },
        { name: "Broken: the lab is wrong", matchedStatuses: [Status.BROKEN] },
        { name: "Unsupported: this host lacks a feature", matchedStatuses: [Status.SKIPPED] },
      ],
      ...config,
      listeners: [...(config.listeners ?? []), { beforeTestResultWrite: settle }],
    });
  }

  override handleTask(task: Task): void {
    if (task.type === "test") {
      const [error] = task.result?.errors ?? [];
      const outcome = outcomeOfError[error?.name ?? ""];
      if (outcome) tell(task, { labels: [{ name: outcomeLabel, value: outcome }] });
      const { note } = (task.result ?? {}) as { note?: string };
      if (note) tell(task, { description: note });
    }
    super.handleTask(task);
  }
}

/** Adds what the test itself did not say; what a claim's own description said stays. */
function tell(task: Task, data: { labels?: { name: string; value: string }[]; description?: string }): void {
  const meta = task.meta as { allureRuntimeMessages?: { type: string; data: object }[] };
  meta.allureRuntimeMessages = [{ type: "metadata", data }, ...(meta.allureRuntimeMessages ?? [])];
}

/** Outcomes only ever make a result worse than the runner's, or name why there is none: a red test is never passed. */
function settle(result: TestResult): void {
  const outcome = result.labels.findLast(({ name }) => name === outcomeLabel)?.value;
  if (outcome && outcome !== "conforms" && isOutcome(outcome)) result.status = statusOf[outcome];
  if (result.status === Status.SKIPPED && result.description) result.statusDetails.message ??= result.description;
}

function isOutcome(text: string): text is Outcome {
  return Object.hasOwn(statusOf, text);
}
