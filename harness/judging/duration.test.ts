import { expect, test } from "vitest";
import type { Duration } from "../model/units.ts";
import { ms, readable } from "./duration.ts";

test.each([
  ["250ms", 250],
  ["10s", 10_000],
  ["1.5s", 1500],
  ["2m", 120_000],
  ["8h", 28_800_000],
] as const)("%s is %d ms", (duration, expected) => expect(ms(duration)).toBe(expected));

test.each(["", "10", "s", "-1s", "10 s", "1e3s", "Infinitys", "10sec", "0x10s"])("%j is misdeclared", (nonsense) => {
  expect(() => ms(nonsense as Duration)).toThrow(expect.objectContaining({ name: "Misdeclared" }));
});

test.each([
  [0.4, "0ms"],
  [250, "250ms"],
  [9500, "9.5s"],
  [10_000, "10s"],
  [99_990, "1m 40s"],
  [120_000, "2m"],
  [125_000, "2m 5s"],
])("%d reads %s", (value, text) => expect(readable(value)).toBe(text));
