import { accessBreakages } from "#fixtures/claims/access.red";
import { aggregationBreakages } from "#fixtures/claims/aggregation.red";
import { availabilityBreakages } from "#fixtures/claims/availability.red";
import { byHandBreakages } from "#fixtures/claims/by-hand.red";
import { cisBreakages } from "#fixtures/claims/cis.red";
import { encryptionBreakages } from "#fixtures/claims/encryption.red";
import { pkiBreakages } from "#fixtures/claims/pki.red";
import { workloadBreakages } from "#fixtures/claims/workloads.red";
import { availability, expectedPki, system } from "./claims.ts";
import { balancer } from "./scenario.ts";

/** What makes each claim false. */
export const breakages = [
  ...byHandBreakages(system, { balancer }),
  ...workloadBreakages(system),
  ...aggregationBreakages(system),
  ...pkiBreakages(system, expectedPki),
  ...accessBreakages(system),
  ...encryptionBreakages(system),
  ...cisBreakages(system),
  ...availabilityBreakages(system, availability),
];
