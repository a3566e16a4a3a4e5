import { expect, test } from "vitest";
import type { Wait } from "../model/judging.ts";
import { ms } from "./duration.ts";
import { within } from "./within.ts";

const fixed = Object.entries(within).filter((entry): entry is [string, Wait] => typeof entry[1] === "object");

test.each(fixed)("%s has its name, a length and a reason", (name, wait) => {
  expect(wait.name).toBe(name);
  expect(ms(wait.within)).toBeGreaterThan(0);
  expect(wait.because.length).toBeGreaterThan(20);
});

test("the hold time's wait is longer than the hold time, and names it", () => {
  const wait = within.bgpHoldTime("9s");
  expect(ms(wait.within)).toBe(14_000);
  expect(wait.because).toContain("9s");
});

test("a probe's threshold counts its periods", () => {
  expect(ms(within.probeThreshold("2s", 3).within)).toBe(11_000);
});
