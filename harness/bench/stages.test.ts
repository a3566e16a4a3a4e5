import { expect, test } from "vitest";
import type { Evidence } from "#harness/model/evidence";
import { firstPodReady, pairMatrix, timesOf } from "./stages.ts";

const step = (at: number, step: string, ms: number): Evidence => ({ kind: "step-done", at, step, on: [], ms });

test("API server, nodes and add-ons count from when the machines began to rise", () => {
  const journal: Evidence[] = [
    step(900, "prepare: sweep", 20),
    step(1_000, "prepare: survey", 80),
    step(3_000, "raise machines", 2_000),
    step(8_000, "API server answers", 5_000),
    step(14_000, "every node Ready", 6_000),
    step(17_000, "metallb 0.15.3 ready", 4_000),
    { kind: "measured", at: 18_000, test: "first pod", name: firstPodReady, value: 700, unit: "ms" },
    { kind: "measured", at: 19_000, test: "pods reach pods", name: pairMatrix(8), value: 2_600, unit: "ms" },
    { kind: "run-ended", at: 20_000, outcome: "conforms" },
    step(20_100, "undo: captures", 100),
    step(21_200, "undo: machines", 1_100),
  ];
  expect(timesOf(journal)).toEqual({
    preparations: 100,
    machines: 2_000,
    api: 7_000,
    nodes: 13_000,
    system: 16_000,
    firstPod: 700,
    pairs: 2_600,
    teardown: 1_200,
  });
});

test("what a journal does not hold is no time", () => {
  expect(timesOf([step(3_000, "raise machines", 2_000)])).toEqual({ machines: 2_000 });
});

test("a step that several machines have is as long as the slowest", () => {
  const journal = [step(1_000, "raise machines", 900), step(2_000, "etcd", 700), step(2_100, "etcd", 800)];
  expect(timesOf(journal, ["etcd", "workers"])).toMatchObject({ "step etcd": 800 });
});
