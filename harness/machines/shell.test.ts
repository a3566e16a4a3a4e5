import { expect, test } from "vitest";
import { discreet } from "./shell.ts";

test.each([
  ["nothing secret", undefined, "token: 0a1b2c.0123456789abcdef\n"],
  ["some words", ["0a1b2c.0123456789abcdef"], "token: (secret)\n"],
  ["everything", true, "(not kept: it holds a secret)"],
] as const)("output with %s in it", (_, secret, shown) => {
  expect(discreet("token: 0a1b2c.0123456789abcdef\n", secret)).toBe(shown);
});
