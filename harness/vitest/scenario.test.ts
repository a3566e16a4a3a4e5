import { expect, test } from "vitest";
import { ms } from "#harness/judging/duration";
import { within } from "#harness/judging/within";
import { lowerBudget } from "./scenario.ts";

test("a lab is given as long to go as all that is undone may take: its machines, connections, captures and forwarder", () => {
  expect(lowerBudget).toBeGreaterThan(ms(within.machineReturned.within) + 3 * ms(within.undo.within));
});
