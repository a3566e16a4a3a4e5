import { crossSubnetBreakages, crossSubnetSound } from "#fixtures/claims/cross-subnet.red";
import {
  calicoPolicyBreakages,
  networkPolicyBreakages,
  policyEnforcerBreakages,
} from "#fixtures/claims/network-policy.red";
import { reddened } from "#harness/vitest/reddened";
import { calicoClaims } from "./claims.ts";
import { variants } from "./scenario.ts";
import { policies, systems } from "./system.ts";

reddened(variants.vxlan, calicoClaims(systems.vxlan), {
  sound: (it) => crossSubnetSound(it, systems.vxlan),
  breakages: [
    ...crossSubnetBreakages(systems.vxlan),
    ...networkPolicyBreakages(policies),
    ...calicoPolicyBreakages(),
    ...policyEnforcerBreakages(policies),
  ],
});
