import { expect, test } from "vitest";
import { differBy } from "./clock.ts";
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
