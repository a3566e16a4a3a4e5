import { expect, test } from "vitest";
import type { Step } from "../model/provision.ts";
import { pagedSteps, stepPages, withPart } from "./step-pages.ts";

const step = (name: string, page?: Step["page"]): Step => ({
  name,
  on: ["master-0"],
  within: "1s",
  run: async () => {},
  ...(page && { page }),
});
const page = { does: "Starts etcd.", look: [{ on: "master-0", command: "a | b", shows: "members" }], proof: "an etcd" };

test("a step is told once, with what it does, what to look at and the claim in full", () => {
  const plan = [step("raise"), [step("etcd", page), step("etcd", page)]];
  expect(pagedSteps(plan).map(({ name }) => name)).toEqual(["etcd"]);
  expect(stepPages("lab", plan, ["an etcd member may die"])).toBe(`### 1. etcd

On master-0: \`npx hardway up scenarios/lab --until etcd\`

Starts etcd.

| on | type | to see |
|---|---|---|
| master-0 | \`a \\| b\` | members |

Proven by: *an etcd member may die*`);
});

test("a page that names no claim of the scenario is refused", () => {
  expect(() => stepPages("lab", [step("etcd", page)], ["pods reach pods"])).toThrow(/begins "an etcd"/);
});

test("only what stands between the marks is replaced", () => {
  expect(withPart("a\n<!-- steps -->old<!-- /steps -->\nb", "steps", "new")).toBe(
    "a\n<!-- steps -->\n\nnew\n\n<!-- /steps -->\nb",
  );
  expect(() => withPart("a", "steps", "new")).toThrow(/no place/);
});
