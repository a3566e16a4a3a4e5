import type { Outcome } from "../model/judging.ts";

const order: readonly Outcome[] = ["conforms", "unsupported", "broken", "violates"];

/** The worst of several outcomes: `violates > broken > unsupported > conforms`. Nothing judged is `conforms`. */
export function worst(...outcomes: readonly Outcome[]): Outcome {
  return order[Math.max(0, ...outcomes.map((outcome) => order.indexOf(outcome)))] ?? "broken";
}

/**
 * What an error that ended a claim says about the cluster. Told by name and shape, not by class, because errors are
 * copied on their way from vitest's workers. An assertion that failed is a violated claim; anything unknown is a fault
 * of the lab.
 */
export function outcomeOf(error: unknown): Outcome {
  if (typeof error !== "object" || error === null) return "broken";
  const { name, errors, error: later, suppressed } = error as Record<string, unknown>;
  if (Array.isArray(errors)) return worst("broken", ...errors.map(outcomeOf));
  if (name === "SuppressedError") return worst(outcomeOf(later), outcomeOf(suppressed));
  if (name === "Unsupported") return "unsupported";
  if (name === "LabBroken" || name === "Misdeclared") return "broken";
  if (name === "ClaimViolated" || name === "AssertionError") return "violates";
  return "expected" in error && "actual" in error ? "violates" : "broken";
}
