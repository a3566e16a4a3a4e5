import { expect, test } from "vitest";
import { spreadOf } from "#harness/model/spread";
import { compare } from "./compare.ts";
import { duration, spreadText } from "./numbers.ts";
import { terminal } from "./terminal.ts";
import { inventedRuns } from "./testdata/invented.ts";

const one = [inventedRuns.kubeadm()];
const two = [inventedRuns.kubeadm(), inventedRuns.byHand()];
const repeated = [1, 2, 3].flatMap((nth) => [inventedRuns.kubeadm(nth), inventedRuns.byHand(nth)]);
const three = [...two, { ...inventedRuns.skip(), forecasts: [] }];

test.each([
  ["one", one],
  ["two", two],
  ["repeated", repeated],
  ["three", three],
])("%s in a terminal", async (name, reports) => {
  await expect(`${terminal(compare(reports))}\n`).toMatchFileSnapshot(`testdata/terminal-${name}.txt`);
});

test("what changed on one path is counted as unknown where another's machine was silent", () => {
  const silent = { kind: "unseen", on: "k8s-master-02", what: "all", after: "no answer" };
  const lines = terminal(compare([inventedRuns.kubeadm(), { ...inventedRuns.skip(), changes: [silent] }])).split("\n");
  const [head, ...rows] = lines.slice(lines.indexOf("what changed") + 1);
  expect(head?.trim().split(/ {2,}/).at(-1)).toBe("unknown");
  expect(
    rows
      .find((row) => row.includes("flag"))
      ?.trim()
      .split(/ {2,}/),
  ).toEqual(["flag", "1", "0", "0", "0", "1"]);
});

test.each([
  ["one path", one],
  ["two paths", two],
  ["two paths, three times", repeated],
])("%s fit into 100 columns", (_, reports) => {
  for (const line of terminal(compare(reports)).split("\n")) expect(line.length, line).toBeLessThanOrEqual(100);
});

test.each([
  [0, "0 ms"],
  [0.4, "0.4 ms"],
  [10, "10 ms"],
  [12.34, "12.3 ms"],
  [312.4, "312 ms"],
  [999.4, "999 ms"],
  [999.6, "1.00 s"],
  [12_340, "12.3 s"],
  [99_949, "99.9 s"],
  [243_000, "4:03 min"],
  [3_599_600, "60:00 min"],
])("%d ms is written as %s", (ms, text) => expect(duration(ms)).toBe(text));

test.each([
  [[312], "ms", "312 ms"],
  [[280, 312, 340], "ms", "312 ms (280–340)"],
  [[280, 312, 1340], "ms", "0.31 s (0.28–1.34)"],
  [[230_000, 243_000], "ms", "3:57 min (3:50–4:03)"],
  [[1, 2, 3, 4], "count", "2.5 (1–4)"],
] as const)("%j in %s are written as %s", (samples, unit, text) => {
  const spread = spreadOf(samples);
  expect(spread && spreadText(spread, unit)).toBe(text);
});
