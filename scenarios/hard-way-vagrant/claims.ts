import { accessClaims } from "#fixtures/claims/access";
import { aggregationClaims } from "#fixtures/claims/aggregation";
import { availabilityClaims } from "#fixtures/claims/availability";
import { byHandClaims } from "#fixtures/claims/by-hand";
import { cisClaims } from "#fixtures/claims/cis";
import { encryptionClaims } from "#fixtures/claims/encryption";
import { kubeletClaims } from "#fixtures/claims/kubelets";
import { byHandPki, pkiClaims } from "#fixtures/claims/pki";
import type { SelfBuilt } from "#fixtures/claims/system";
import { workloadClaims } from "#fixtures/claims/workloads";
import { dex } from "#fixtures/identity/dex";
import type { Claims, Given } from "#harness/vitest/scenario";
import hardWay, { balancer } from "./scenario.ts";

export type Name = keyof (typeof hardWay)["topology"]["nodes"];

/** What claim sets for any cluster must know of this one. */
export const system: SelfBuilt<Name> = {
  declared: hardWay,
  controlPlanes: ["master-0", "master-1", "master-2"],
  workers: ["worker-0", "worker-1", "worker-2"],
  user: "lb-0",
  api: `https://${balancer}:6443`,
};

/** What its certificates and ports should be. */
export const expectedPki = byHandPki(system, { balancers: ["lb-0"] });

export const availability = { balancers: ["lb-0"] } as const;

/** All claims: those of the two test files. */
export function claims(claim: Claims<Name>, given: Given<Name>): void {
  calmClaims(claim, given);
  lossClaims(claim, given);
}

/** What is lost, one thing after the other, and what it costs. */
export const lossClaims = (claim: Claims<Name>, given: Given<Name>): void =>
  availabilityClaims(claim, given, system, availability);

/** What holds while nothing fails. */
export function calmClaims(claim: Claims<Name>, given: Given<Name>): void {
  byHandClaims(claim, given, system, { balancer, systemPods: { "kube-system": 2 } });
  workloadClaims(claim, given, system);
  aggregationClaims(claim, given, system);
  pkiClaims(claim, system, expectedPki);
  accessClaims(claim, given, system, { identityProvider: dex() });
  kubeletClaims(claim, given, system);
  encryptionClaims(claim, given, system);
  cisClaims(claim, given, system);
}
