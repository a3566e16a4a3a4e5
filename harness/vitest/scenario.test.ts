import { afterEach, expect, test, vi } from "vitest";
import { ms } from "#harness/judging/duration";
import { within } from "#harness/judging/within";
import { lowerBudget, mustKeep } from "./scenario.ts";

afterEach(() => {
  vi.unstubAllEnvs();
});

test("a lab is given as long to go as all that is undone may take: its machines, connections, captures and forwarder", () => {
  expect(lowerBudget).toBeGreaterThan(ms(within.machineReturned.within) + 3 * ms(within.undo.within));
});

test("a lab is kept for a failure where there is one, and a claim that is unsupported is none", () => {
  const kept = () => (["conforms", "unsupported", "broken", "violates"] as const).filter(mustKeep);
  expect(kept()).toEqual([]);
  vi.stubEnv("HARDWAY_KEEP", "failure");
  expect(kept()).toEqual(["broken", "violates"]);
  vi.stubEnv("HARDWAY_KEEP", "always");
  expect(kept()).toHaveLength(4);
});
