import { upgradeClaims } from "#fixtures/claims/upgrade";
import { takeInLab } from "#fixtures/upgrades/take";
import { scenario } from "#harness/vitest/scenario";
import { endings, paths, variants } from "./scenario.ts";

for (const [name, declared] of Object.entries(variants)) {
  const path = paths[name];
  if (!path) continue;
  const ending = endings[name];
  scenario(declared, (claim, given) =>
    upgradeClaims(claim, given, { declared, path, take: takeInLab }, { within: "20m", ...(ending && { ending }) }),
  );
}
