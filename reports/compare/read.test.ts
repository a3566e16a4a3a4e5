import { cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { readUpgrade } from "./read.ts";
import { inventedRuns } from "./testdata/invented.ts";

const { verdicts, ...report } = inventedRuns.kubeadm();
const whole = JSON.stringify(report, null, 2);

let run: string;
beforeEach(() => {
  run = join(mkdtempSync(join(tmpdir(), "hardway-read-")), "run");
  mkdirSync(run);
});
afterEach(() => rmSync(join(run, ".."), { recursive: true }));

const written = (text: string) => {
  writeFileSync(join(run, "upgrade.json"), text);
  return run;
};

test("a run's folder and the file in it are the same", () => {
  expect(readUpgrade(written(whole))).toEqual(report);
  expect(readUpgrade(join(run, "upgrade.json"))).toEqual(report);
});

test("verdicts are the report's own, or else the journal's", () => {
  cpSync(join(import.meta.dirname, "../testdata/run/journal.jsonl"), join(run, "journal.jsonl"));
  expect(readUpgrade(written(JSON.stringify({ ...report, verdicts }))).verdicts).toEqual(verdicts);
  expect(readUpgrade(written(whole)).verdicts).toHaveLength(9);
  expect(readUpgrade(run).verdicts?.[3]?.outcome).toBe("violates");
});

test.each([
  ["missing", undefined],
  ["torn", whole.slice(0, 1000)],
  ["empty", ""],
  ["null", "null"],
  ["another format", JSON.stringify({ ...report, format: 2 })],
  ["not whole", JSON.stringify({ ...report, streams: undefined, hops: undefined })],
])("a report that is %s is refused, with who and where to look", async (name, text) => {
  if (text !== undefined) written(text);
  const said = () => {
    try {
      return JSON.stringify(readUpgrade(run));
    } catch (error) {
      return `${error instanceof Error ? `${error.name}: ${error.message}` : error}\n`.replaceAll(run, "/runs/x7f2");
    }
  };
  await expect(said()).toMatchFileSnapshot(`testdata/refused-${name.replaceAll(" ", "-")}.txt`);
});
