import { upgradeClaims } from "#fixtures/claims/upgrade";
import type { UpgradeMachine } from "#fixtures/upgrades/lab";
import { takeInLab } from "#fixtures/upgrades/take";
import type { Claims, Given } from "#harness/vitest/scenario";
import declared, { path } from "./scenario.ts";

export function claims(claim: Claims<UpgradeMachine>, given: Given<UpgradeMachine>): void {
  upgradeClaims(
    claim,
    given,
    { declared, path, take: takeInLab },
    {
      within: "20m",
      away: { "load-balancer": "1s" },
    },
  );
}
