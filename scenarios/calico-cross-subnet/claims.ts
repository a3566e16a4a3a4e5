import { calicoPolicyClaims } from "#fixtures/claims/calico-policy";
import { type CrossSubnet, crossSubnetClaims } from "#fixtures/claims/cross-subnet";
import { networkPolicyClaims } from "#fixtures/claims/network-policy";
import { policyEnforcerClaims } from "#fixtures/claims/policy-enforcer";
import type { Claims, Given } from "#harness/vitest/scenario";
import { type Name, policies } from "./system.ts";

/** What is so of every network that routes within a segment and encapsulates between two. */
export const networkClaims =
  (system: CrossSubnet<Name>) =>
  (claim: Claims<Name>, given: Given<Name>): void =>
    crossSubnetClaims(claim, given, system);

/** And of Calico: it enforces policies. */
export const policedClaims =
  (system: CrossSubnet<Name>) =>
  (claim: Claims<Name>, given: Given<Name>): void => {
    networkClaims(system)(claim, given);
    networkPolicyClaims(claim, given, policies);
    calicoPolicyClaims(claim, given, policies);
  };

/** Without interruption, too. That is seen by who tries every 10 ms, which VMs do not always let one do. */
export const calicoClaims =
  (system: CrossSubnet<Name>) =>
  (claim: Claims<Name>, given: Given<Name>): void => {
    policedClaims(system)(claim, given);
    policyEnforcerClaims(claim, given, policies);
  };
