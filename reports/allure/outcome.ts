import { Status } from "allure-js-commons";
import type { Outcome } from "#harness/model/judging";

/** The Allure label under which a test's outcome travels from the worker to the reporter. */
export const outcomeLabel = "outcome";

export const statusOf: Readonly<Record<Outcome, Status>> = {
  conforms: Status.PASSED,
  violates: Status.FAILED,
  broken: Status.BROKEN,
  unsupported: Status.SKIPPED,
};

/** The outcome that a thrown error stands for, by its name: errors lose their class on the way out of a worker. */
export const outcomeOfError: Readonly<Record<string, Outcome>> = {
  ClaimViolated: "violates",
  LabBroken: "broken",
  Misdeclared: "broken",
  Unsupported: "unsupported",
};
