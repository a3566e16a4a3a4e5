import { accessClaims } from "#fixtures/claims/access";
import { availabilityClaims } from "#fixtures/claims/availability";
import { byHandClaims } from "#fixtures/claims/by-hand";
import { cisClaims } from "#fixtures/claims/cis";
import { encryptionClaims } from "#fixtures/claims/encryption";
import { kubeletClaims } from "#fixtures/claims/kubelets";
import { byHandPki, pkiClaims } from "#fixtures/claims/pki";
import type { SelfBuilt } from "#fixtures/claims/system";
import { webAppClaims } from "#fixtures/claims/web-app";
import { workloadClaims } from "#fixtures/claims/workloads";
import { keycloak } from "#fixtures/identity/keycloak";
import type { Claims, Given } from "#harness/vitest/scenario";
import hardWay, { balancer } from "./scenario.ts";

export type Name = keyof (typeof hardWay)["topology"]["nodes"];

/** What claim sets for any cluster must know of this one. */
export const system: SelfBuilt<Name> = {
  declared: hardWay,
  controlPlanes: ["master-0", "master-1", "master-2"],
  workers: ["worker-0", "worker-1", "worker-2"],
  user: "bastion",
  api: `https://${balancer.outside}:6443`,
  floating: { "worker-0": "192.168.0.20", "worker-1": "192.168.0.21", "worker-2": "192.168.0.22" },
};

/** What its certificates and ports should be. */
export const expectedPki = byHandPki(system, { balancers: ["lb-0", "lb-1"], apiAt: [balancer.inside] });

export const availability = { balancers: ["lb-0", "lb-1"], vip: balancer.inside } as const;

export function claims(claim: Claims<Name>, given: Given<Name>): void {
  byHandClaims(claim, given, system, {
    balancer: balancer.inside,
    systemPods: { "kube-system": 2, "kube-flannel": 3 },
  });
  workloadClaims(claim, given, system);
  pkiClaims(claim, system, expectedPki);
  accessClaims(claim, given, system, { identityProvider: keycloak() });
  kubeletClaims(claim, given, system);
  encryptionClaims(claim, given, system);
  cisClaims(claim, given, system);
  webAppClaims(claim, given, system);
  availabilityClaims(claim, given, system, availability);
}
