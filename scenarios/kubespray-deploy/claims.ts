import { apiProxyClaims } from "#fixtures/claims/api-proxy";
import { atRestClaims } from "#fixtures/claims/encryption";
import { etcdctlOn, kubesprayClaims } from "#fixtures/claims/kubespray";
import { networkPolicyClaims } from "#fixtures/claims/network-policy";
import type { SelfBuilt } from "#fixtures/claims/system";
import { workloadClaims } from "#fixtures/claims/workloads";
import { aescbcPrefix } from "#fixtures/encryption/rotation";
import type { Claims, Given } from "#harness/vitest/scenario";
import declared, { balancer, made } from "./scenario.ts";

export type Name = keyof (typeof declared)["topology"]["nodes"];

/** What claim sets for any cluster must know of this one. */
export const system: SelfBuilt<Name> = {
  declared,
  controlPlanes: ["k8s-master-01", "k8s-master-02", "k8s-master-03"],
  workers: ["k8s-node-01", "k8s-node-02"],
  user: "client-01",
  api: `https://${balancer}:6443`,
};

/** As kubespray's template names its key, and where its roles put the rest. */
export const keptAtRest = {
  stored: aescbcPrefix("key"),
  at: { etcdctl: etcdctlOn, etcdData: "/var/lib/etcd", admin: "/etc/kubernetes/admin.conf" },
} as const;

export const policies = {
  workers: ["k8s-node-01", "k8s-node-02"],
  enforcer: { title: "Felix", process: "calico-node" },
} as const;

/** What every cluster keeps, and what kubespray's own playbooks leave alone when they run again. */
export function claims(claim: Claims<Name>, given: Given<Name>): void {
  workloadClaims(claim, given, system);
  atRestClaims(claim, given, system, keptAtRest);
  networkPolicyClaims(claim, given, policies);
  apiProxyClaims(claim, system);
  kubesprayClaims(claim, given, system, { made, leaves: "k8s-node-02" });
}
