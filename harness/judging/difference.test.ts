import { expect, test } from "vitest";
import { difference, shown, without } from "./difference.ts";

test("lists differ as sets, then in order", () => {
  expect(difference(["a", "b", "b"], ["b", "c"])).toEqual(["missing 'a'", "missing 'b'", "unexpected 'c'"]);
  expect(difference([1, 2], [2, 1])).toEqual(["the same in another order"]);
  expect(difference([1, 2], [1, 2])).toEqual([]);
});

test("objects differ by field, deeply", () => {
  expect(
    difference({ state: "established", timers: { hold: 9 }, as: 1 }, { state: "active", timers: { hold: 90 }, as: 1 }),
  ).toEqual(["state: expected 'established', was 'active'", "timers.hold: expected 9, was 90"]);
  expect(difference({ via: ["a"] }, { via: [], dev: "eth0" })).toEqual([
    "via: missing 'a'",
    "dev: expected undefined, was 'eth0'",
  ]);
});

test("two plain values are told apart by showing both", () => {
  expect(difference("at least 3", 2)).toEqual([]);
  expect(difference(null, {})).toEqual([]);
});

test("what is long is cut, and says so", () => {
  expect(shown("x".repeat(5000), 100)).toMatch(/^'x{90,} ?.*characters/);
});

test("members are taken out once each", () => {
  expect(without(["a", "a", "b"], ["a"])).toEqual(["a", "b"]);
});
