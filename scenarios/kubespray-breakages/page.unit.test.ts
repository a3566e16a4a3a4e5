import { expect, test } from "vitest";
import { breakagesPage } from "#fixtures/kubespray/breakages/index";
import { system } from "./claims.ts";

/** Written by `npx vitest run --project unit scenarios/kubespray-breakages -u`. */
test("docs/kubespray-breakages.md tells of the replays as they are", async () => {
  await expect(breakagesPage(system)).toMatchFileSnapshot("../../docs/kubespray-breakages.md");
});
