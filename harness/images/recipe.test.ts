import { expect, test } from "vitest";
import { recipeDigest } from "./recipe.ts";

test("a recipe's name depends on what it says, not on how it is written down", () => {
  const one = recipeDigest({ a: 1, b: { c: new Uint8Array([1, 2]), d: undefined } });
  expect(recipeDigest({ b: { c: Buffer.from([1, 2]) }, a: 1 })).toBe(one);
  expect(recipeDigest({ b: { c: Buffer.from([1, 3]) }, a: 1 })).not.toBe(one);
  expect(recipeDigest({ packages: ["a", "b"] })).not.toBe(recipeDigest({ packages: ["b", "a"] }));
});
