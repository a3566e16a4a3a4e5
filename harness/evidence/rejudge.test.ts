import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { defineCheck, met, unmet } from "../judging/checks.ts";
import type { Evidence, Judged, Observed } from "../model/evidence.ts";
import { openJournal } from "./journal.ts";
import { rejudge } from "./rejudge.ts";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "hardway-rejudge-"));
});
afterEach(() => rmSync(folder, { recursive: true }));

defineCheck("rejudge.atLeast", (least: number) => ({
  claim: `is at least ${least} by today's reckoning`,
  judge: (seen: number) => (seen >= least ? met : unmet(least, seen)),
}));

const probe = "replicas that answer";
const saw = (at: number, seen: unknown, more: Partial<Observed> = {}): Observed => ({
  kind: "observed",
  at,
  probe,
  ms: 1,
  seen,
  ...more,
});
const blind = (at: number): Observed => ({ kind: "observed", at, probe, ms: 1, unseen: "EOF" });
const judged = (mode: Judged["mode"], since: number, at: number, more: Partial<Judged> = {}): Judged => ({
  kind: "judged",
  at,
  test: "all six answer",
  probe,
  claim: "is at least 3",
  mode,
  check: { name: "rejudge.atLeast", args: [3] },
  since,
  verdict: { is: "met" },
  outcome: "conforms",
  ...more,
});

function outcomes(...entries: Evidence[]) {
  const journal = openJournal(folder);
  for (const entry of entries) journal.write(entry);
  return rejudge(folder).map(({ now }) => now);
}

test("what was judged by mistake is told, with both outcomes", () => {
  outcomes(saw(10, 2), judged("once", 10, 11));
  expect(rejudge(folder)).toEqual([
    {
      test: "all six answer",
      claim: "replicas that answer is at least 3 by today's reckoning",
      was: "conforms",
      now: "violates",
      verdict: { is: "unmet", expected: 3, actual: 2 },
    },
  ]);
});

test("reaches goes by the last sighting", () => {
  expect(outcomes(saw(10, 1), blind(11), saw(12, 3), judged("reaches", 10, 13))).toEqual(["conforms"]);
});
test("reaches that was blind at the end is broken", () => {
  expect(outcomes(saw(10, 3), blind(11), judged("reaches", 10, 13))).toEqual(["broken"]);
});
test("holds goes by every sighting", () => {
  expect(outcomes(saw(10, 3), saw(11, 2), saw(12, 3), judged("holds", 10, 13))).toEqual(["violates"]);
});
test("holds with a blind look is broken", () => {
  expect(outcomes(saw(10, 3), blind(11), saw(12, 3), judged("holds", 10, 13))).toEqual(["broken"]);
});
test("holds counts equal sightings that were written as one", () => {
  expect(outcomes(saw(10, 3), judged("holds", 10, 11))).toEqual(["broken"]);
  rmSync(join(folder, "journal.jsonl"));
  expect(outcomes(saw(10, 3), saw(20, 3, { times: 4 }), judged("holds", 10, 21))).toEqual(["conforms"]);
});
test("only sightings from its beginning on, of its probe, and before it, count", () => {
  expect(
    outcomes(
      saw(9, 1),
      saw(10, 3),
      saw(11, 1, { probe: "something else" }),
      saw(12, 3),
      judged("holds", 10, 13),
      saw(13, 1),
    ),
  ).toEqual(["conforms"]);
});
test("where judgements are numbered, the number counts and not the time", () => {
  expect(
    outcomes(
      saw(10, 1, { judgement: 1 }),
      saw(10, 3, { judgement: 2 }),
      saw(9, 3, { judgement: 2 }),
      judged("holds", 10, 11, { judgement: 2 }),
    ),
  ).toEqual(["conforms"]);
});
test("nothing seen is broken", () => {
  expect(outcomes(saw(9, 3), judged("once", 10, 13))).toEqual(["broken"]);
});
test("an absence needs its presence, before", () => {
  const gone = judged("once", 20, 21, { check: { name: "not", args: [{ name: "rejudge.atLeast", args: [3] }] } });
  expect(outcomes(saw(20, 0), gone, saw(30, 3), saw(40, 0), { ...gone, since: 40, at: 41 })).toEqual([
    "broken",
    "conforms",
  ]);
});
test("a check that nobody defines any more is broken, and named", () => {
  outcomes(saw(10, 3), judged("once", 10, 11, { check: { name: "bygone", args: [] } }));
  expect(rejudge(folder)).toMatchObject([
    {
      now: "broken",
      claim: "replicas that answer is at least 3",
      verdict: { because: expect.stringMatching("bygone") },
    },
  ]);
});
