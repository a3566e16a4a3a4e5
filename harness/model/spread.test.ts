import { expect, test } from "vitest";
import { spreadOf } from "./spread.ts";

test("the median of an even number of samples lies between the two in the middle", () => {
  expect(spreadOf([4, 1, 3, 2])).toEqual({ median: 2.5, min: 1, max: 4, samples: [4, 1, 3, 2] });
  expect(spreadOf([])).toBeUndefined();
});
