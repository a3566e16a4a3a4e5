import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { stepPages, withSteps } from "#harness/provision/step-pages";
import { resolve } from "#harness/topology/resolve";
import { sentencesOf } from "#harness/vitest/sentences";
import { claims } from "./claims.ts";
import hardWay from "./scenario.ts";

/** Written by `npx vitest run --project unit scenarios/hard-way-vagrant -u`. */
test("the README tells the steps as they are", async () => {
  const { cluster, id, topology } = hardWay;
  const steps = stepPages(id, cluster.provisioner.plan(cluster, resolve(topology)), sentencesOf(claims));
  const file = new URL("README.md", import.meta.url).pathname;
  await expect(withSteps(readFileSync(file, "utf8"), steps)).toMatchFileSnapshot(file);
});
