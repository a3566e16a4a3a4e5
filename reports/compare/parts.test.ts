import { expect, test } from "vitest";
import type { PartTaken, StreamOutage, UpgradeReport } from "#harness/model/upgrade";
import { compare } from "./compare.ts";
import { page } from "./page.ts";
import { groupsAsSteps, shownParts } from "./parts.ts";
import { terminal } from "./terminal.ts";
import { byPlaybook } from "./testdata/playbook.ts";

const run = byPlaybook();
const [part] = run.steps[0]?.parts ?? [];

test("plays are laid out as steps, one for each time that a play is taken on some machines", () => {
  const steps = groupsAsSteps(run).steps.map(({ name, on, parts }) => [name, on.join(), parts?.length]);
  expect(steps).toEqual([
    ["Prepare nodes for upgrade", "k8s-master-01,k8s-master-02", 500],
    ["Install etcd", "k8s-master-01,k8s-master-02", 500],
    ["Handle upgrades to control plane components first to maintain backwards compat.", "k8s-master-01", 250],
    ["Handle upgrades to control plane components first to maintain backwards compat.", "k8s-master-02", 250],
  ]);
});

test("a task that all machines skipped stays in its play", () => {
  const [first, second, third] = run.steps[0]?.parts ?? [];
  const parts = [first, { ...second, on: [] }, third] as PartTaken[];
  const steps = groupsAsSteps({ ...run, steps: run.steps.map((step) => ({ ...step, parts })) }).steps;
  expect(steps.map(({ parts }) => parts?.length)).toEqual([3]);
});

test("a step that fails is its last play's failure; a step without parts stays as it is", () => {
  const failed = { ...run, steps: run.steps.map((step) => ({ ...step, error: "no" })) };
  expect(groupsAsSteps(failed).steps.map(({ error }) => error)).toEqual([undefined, undefined, undefined, "no"]);
  const [step] = run.steps.map(({ parts: _, ...bare }) => bare);
  expect(groupsAsSteps({ ...run, steps: step ? [step] : [] }).steps).toEqual([step]);
});

const taken = (from: number, ms: number, name = "task"): PartTaken =>
  ({ ...part, name, on: ["m1"], from, ms }) as PartTaken;
const runOf = (parts: readonly PartTaken[], outages: readonly StreamOutage[]) =>
  ({
    ...run,
    steps: run.steps.map((step) => ({ ...step, parts })),
    streams: run.streams.slice(0, 1).map((stream) => ({ ...stream, outages })),
  }) satisfies UpgradeReport;
const outage = (from: number, ms: number, ...parts: string[]): StreamOutage => ({
  from,
  ms,
  failed: 1,
  errors: {},
  during: [],
  parts,
});

test("parts are shown that an outage names, under that name the nearest before it ends, and those that take 5 s", () => {
  const parts = [taken(0, 100), taken(500, 100), taken(2000, 100), taken(3000, 5000, "long"), taken(9000, 10, "brief")];
  const shown = shownParts(runOf(parts, [outage(650, 100, "task on m1")]));
  expect(shown.map(({ name, from, outages }) => [name, from, outages])).toEqual([
    ["task on m1", 500, [{ user: "api-read", ms: 100 }]],
    ["long on m1", 3000, []],
  ]);
});

test("a run in which nobody's outage names a task has none of it, and is counted", () => {
  const parts = [taken(0, 100), taken(500, 100, "other")];
  const named = runOf(parts, [outage(50, 800, "task on m1")]);
  const unnamed = runOf(parts, []);
  const rows = compare([named, unnamed]).parts;
  expect(rows.map(({ name }) => name)).toEqual(["task on m1"]);
  expect(rows[0]?.out.spreads[0]).toMatchObject({ median: 400, min: 0, max: 800 });
  expect(rows[0]?.ms.spreads[0]).toMatchObject({ median: 100, min: 100, max: 100 });
  const otherwise = { ...unnamed, path: { ...run.path, drain: false } };
  expect(compare([named, otherwise]).parts[0]?.out.spreads[1]).toMatchObject({ median: 0, max: 0 });
});

test("a page of 1500 tasks names those that count, and can be sent by mail", () => {
  const text = page(compare([run]));
  expect(text).toContain("Which task caused which outage");
  expect(text).toContain("role : task 167 on k8s-master-01");
  expect(text).not.toContain("task 9 on");
  expect(text.length).toBeLessThan(400_000);
});

test("in a terminal, the worst of them, within 100 columns", async () => {
  const lines = terminal(compare([run, byPlaybook(2)]));
  await expect(`${lines}\n`).toMatchFileSnapshot("testdata/terminal-playbook.txt");
  for (const line of lines.split("\n")) expect(line.length, line).toBeLessThanOrEqual(100);
});
