import { expect, test } from "vitest";
import { releasesHere } from "#harness/cli/upgrade-paths";
import { assertValid } from "#harness/topology/validate";
import { problemsOf } from "#harness/upgrade/path";
import { endings, paths, variants } from "./scenario.ts";

const available = await releasesHere();

test.each(Object.values(paths).map((path) => [path.name, path] as const))("%s can be taken", (name, path) => {
  expect(problemsOf(path, available)).toEqual([]);
  const lab = variants[name];
  if (!lab) throw new Error("it has no lab");
  assertValid(lab);
});

test("every ending is of a path", () => {
  expect(Object.keys(paths)).toEqual(expect.arrayContaining(Object.keys(endings)));
});
