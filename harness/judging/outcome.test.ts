import { AssertionError } from "node:assert";
import { expect, test } from "vitest";
import { ClaimViolated, LabBroken, Misdeclared, Unsupported } from "../model/errors.ts";
import { outcomeOf, worst } from "./outcome.ts";

const violated = new ClaimViolated("x", 1, 2);
const broken = new LabBroken("x");

function assertion(): unknown {
  try {
    expect(1).toBe(2);
  } catch (error) {
    return error;
  }
}

test.each([
  ["a violated claim", violated, "violates"],
  ["a broken lab", broken, "broken"],
  ["a missing feature", new Unsupported("x", ["ipip"]), "unsupported"],
  ["a misdeclared scenario", new Misdeclared("x", []), "broken"],
  ["vitest's assertion", assertion(), "violates"],
  ["node's assertion", new AssertionError({ message: "x" }), "violates"],
  [
    "a violated claim as a worker hands it on",
    { ...structuredClone({ message: "x" }), name: "ClaimViolated" },
    "violates",
  ],
  ["anything with expected and actual", { expected: 1, actual: 2 }, "violates"],
  ["a bug", new TypeError("x is not a function"), "broken"],
  ["no error at all", "text", "broken"],
  ["a broken lab caused by a violated claim", new LabBroken("x", { cause: violated }), "broken"],
  ["several errors", new AggregateError([broken, violated]), "violates"],
  ["several errors of no kind", new AggregateError([]), "broken"],
  ["a violated claim, then a failure to heal", new SuppressedError(broken, violated), "violates"],
])("%s", (_, error, outcome) => expect(outcomeOf(error)).toBe(outcome));

test("violates > broken > unsupported > conforms", () => {
  expect(worst("conforms", "violates", "broken")).toBe("violates");
  expect(worst("broken", "unsupported")).toBe("broken");
  expect(worst("conforms", "unsupported")).toBe("unsupported");
  expect(worst("conforms", "conforms")).toBe("conforms");
  expect(worst()).toBe("conforms");
});
