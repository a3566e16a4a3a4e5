import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { stepPages, withPart } from "#harness/provision/step-pages";
import { resolve } from "#harness/topology/resolve";
import { claimTable, sentencesOf } from "#harness/vitest/sentences";
import { breakages } from "./breakages.ts";
import { claims } from "./claims.ts";
import phases from "./scenario.ts";

/** Written by `npx vitest run --project unit scenarios/kubeadm-phases -u`. */
test("the README tells claims and steps as they are", async () => {
  const { cluster, id, topology } = phases;
  const sentences = sentencesOf(claims);
  const steps = stepPages(id, cluster.provisioner.plan(cluster, resolve(topology)), sentences);
  const file = new URL("README.md", import.meta.url).pathname;
  const told = withPart(readFileSync(file, "utf8"), "claims", claimTable(sentences, breakages));
  await expect(withPart(told, "steps", steps)).toMatchFileSnapshot(file);
});
