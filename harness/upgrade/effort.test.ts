import { expect, test } from "vitest";
import type { Machine } from "../model/machines.ts";
import { thisOwner } from "../run/owner.ts";
import { clockError, differBy } from "./clock.ts";
import { union } from "./effort.ts";

test("time in commands that go on at once is counted once, and a command shorter than reaching its machine not at all", () => {
  const spans = [
    { from: 10, to: 20 },
    { from: 0, to: 5 },
    { from: 15, to: 30 },
    { from: 16, to: 18 },
    { from: 50, to: 45 },
  ];
  expect(union(spans)).toBe(25);
  expect(union([])).toBe(0);
});

test("machines of one kernel have one clock", () => {
  const seen = [
    { kernel: "a", asked: 0, answered: 50, at: 1000 },
    { kernel: "a", asked: 0, answered: 90, at: 1000 },
  ];
  expect(differBy(seen)).toBe(0);
});

test("clocks of several kernels differ by what they say, give or take how long asking took", () => {
  const seen = [
    { kernel: "a", asked: 1000, answered: 1010, at: 1005 },
    { kernel: "b", asked: 1000, answered: 1020, at: 1105 },
  ];
  expect(differBy(seen)).toBe(110);
});

test("this computer's clock is one of them: it times the steps", async () => {
  const machine = (kernel: string, aheadMs: number) =>
    ({ sh: async () => ({ stdout: `${kernel}\n${(Date.now() + aheadMs) * 1e6}\n` }) }) as unknown as Machine;
  expect(await clockError([machine(thisOwner().boot, 0)])).toBe(0);
  expect(await clockError([machine("another", 5000), machine("another", 5000)])).toBeGreaterThanOrEqual(5000);
});
