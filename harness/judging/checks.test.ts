import { expect, test } from "vitest";
import type { Check } from "../model/judging.ts";
import {
  allOf,
  atLeast,
  atMost,
  checkNamed,
  defineCheck,
  equals,
  hasAny,
  hasExactly,
  hopeless,
  includes,
  met,
  not,
  unmet,
} from "./checks.ts";

const misdeclared = (message: string | RegExp) =>
  expect.objectContaining({ name: "Misdeclared", message: expect.stringMatching(message) });

const startsWith = defineCheck("startsWith", (start: string, options?: { lax: boolean }) => ({
  claim: `starts with ${start}`,
  judge: (seen: string) => (seen.startsWith(start) ? met : (options?.lax ? unmet : hopeless)(start, seen)),
}));

const is = <T>(check: Check<T>, seen: T) => check.judge(seen).is;

test("each generic check can be met and unmet", () => {
  expect(is(equals({ a: [1] }), { a: [1] })).toBe("met");
  expect(is(equals({ a: [1] }), { a: [2] })).toBe("unmet");
  expect(is(hasExactly("a", "b"), ["b", "a"])).toBe("met");
  expect(is(hasExactly("a", "b"), ["a"])).toBe("unmet");
  expect(is(hasExactly("a", "b"), ["a", "b", "b"])).toBe("unmet");
  expect(is(hasExactly("a", "b"), ["a", "a"])).toBe("unmet");
  expect(is(includes({ n: 1 }), [{ n: 2 }, { n: 1 }])).toBe("met");
  expect(is(includes({ n: 1 }), [{ n: 2 }])).toBe("unmet");
  expect(is(hasAny(), [1])).toBe("met");
  expect(is(hasAny(), [])).toBe("unmet");
  expect(is(atLeast(3), 3)).toBe("met");
  expect(is(atLeast(3), 2)).toBe("unmet");
  expect(is(atMost(3), 3)).toBe("met");
  expect(is(atMost(3), 4)).toBe("unmet");
  expect(is(not(hasAny()), [])).toBe("met");
  expect(is(not(hasAny()), [1])).toBe("unmet");
});

test("not a number is neither at least nor at most", () => {
  expect(is(atLeast(0), Number.NaN)).toBe("unmet");
  expect(is(atMost(0), Number.NaN)).toBe("unmet");
});

test("allOf tells the first that is not met, and hopeless before unmet", () => {
  const both = allOf(startsWith("a", { lax: true }), startsWith("ab"));
  expect(both.claim).toBe("starts with a and starts with ab");
  expect(both.judge("abc").is).toBe("met");
  expect(both.judge("x")).toEqual({ is: "hopeless", expected: "ab", actual: "x" });
  expect(allOf(atLeast(1), atMost(3)).judge(5)).toEqual({ is: "unmet", expected: "at most 3", actual: 5 });
});

test("a check is made again from its name and its arguments, as JSON keeps them", () => {
  for (const check of [startsWith("a"), startsWith("a", { lax: true }), allOf(atLeast(1), atMost(3)), not(hasAny())]) {
    const { name, args } = JSON.parse(JSON.stringify(check));
    const again = checkNamed(name, args);
    expect(again.claim).toBe(check.claim);
    for (const seen of ["abc", "xyz"]) {
      expect(again.judge(seen)).toEqual((check as Check<unknown>).judge(seen));
    }
  }
});

test("a name is taken once", () => {
  expect(() => defineCheck("startsWith", () => ({ claim: "", judge: () => met }))).toThrow(misdeclared("same name"));
});

test("an unknown name is told, with those that are known", () => {
  expect(() => checkNamed("starstWith", [])).toThrow(
    misdeclared(/starstWith is misdeclared:[\s\S]*known are .*startsWith/),
  );
});

test.each([[new Date()], [new Map()], [() => 1], [1n], [Number.NaN], [{ x: undefined }]])(
  "%o cannot be an argument",
  (value) => {
    expect(() => equals(value)).toThrow(misdeclared("must be JSON"));
  },
);

test("an absence is claimed by itself, so that its presence can be asked for", () => {
  expect(() => allOf(not(hasAny()), atLeast(1) as Check<unknown>)).toThrow(misdeclared("no absence"));
  expect(() => allOf()).toThrow(misdeclared("one check at least"));
  expect(not(hasAny()).absenceOf?.claim).toBe("has any");
});
