import { workloadClaims } from "#fixtures/claims/workloads";
import type { Claims, Given } from "#harness/vitest/scenario";
import { clusterClaims } from "./claims-cluster.ts";
import { faultClaims } from "./claims-faults.ts";
import { routeClaims } from "./claims-routes.ts";
import { serviceClaims } from "./claims-services.ts";
import type { MetallbBgp } from "./scenario.ts";
import { type Name, selfBuilt, systemOf } from "./system.ts";

/** One claim set for every router that can stand at rt-01. */
export const claims =
  (declared: MetallbBgp) =>
  (claim: Claims<Name>, given: Given<Name>): void => {
    const system = systemOf(declared, given);
    clusterClaims(claim, system);
    workloadClaims(claim, given, selfBuilt(declared));
    routeClaims(claim, system);
    serviceClaims(claim, system);
    faultClaims(claim, system);
  };
