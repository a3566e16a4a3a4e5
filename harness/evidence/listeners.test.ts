import { expect, test } from "vitest";
import type { Evidence } from "../model/evidence.ts";
import type { Run } from "../model/run.ts";
import { claimEnded, onClaimEnd, onRunEnd, runEnded } from "./listeners.ts";

function recording(): { run: Run; written: Evidence[] } {
  const written: Evidence[] = [];
  const run: Run = {
    id: "r",
    scenario: "s",
    folder: "/nowhere",
    journal: { write: (entry) => written.push(entry), attach: () => "" },
    signal: new AbortController().signal,
    defer: () => undefined,
  };
  return { run, written };
}

test("a claim's end is in the journal before listeners are told, in order, until they leave", async () => {
  const { run, written } = recording();
  const told: string[] = [];
  const leave = onClaimEnd(async (end) => {
    told.push(`first ${end.outcome} ${written.length}`);
  });
  const leaveToo = onClaimEnd((end) => void told.push(`second ${end.because}`));
  await claimEnded({ run, test: "a claim", outcome: "violates", attachments: [], because: "no route" });
  leave();
  leaveToo();
  await claimEnded({ run, test: "another", outcome: "conforms", attachments: [] });
  expect(told).toEqual(["first violates 1", "second no route"]);
  expect(written).toEqual([
    { kind: "claim-ended", at: expect.any(Number), test: "a claim", outcome: "violates", because: "no route" },
    { kind: "claim-ended", at: expect.any(Number), test: "another", outcome: "conforms" },
  ]);
});

test("a listener that fails is not hidden", async () => {
  const leave = onRunEnd((folder) => {
    throw new Error(`cannot write into ${folder}`);
  });
  await expect(runEnded("/run")).rejects.toThrow("cannot write into /run");
  leave();
  await expect(runEnded("/run")).resolves.toBeUndefined();
});
