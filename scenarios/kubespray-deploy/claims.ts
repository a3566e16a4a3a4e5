import { routesFollowSegments } from "#fixtures/checks/cross-subnet";
import { apiProxyClaims } from "#fixtures/claims/api-proxy";
import { atRestClaims } from "#fixtures/claims/encryption";
import { etcdctlOn, kubesprayClaims } from "#fixtures/claims/kubespray";
import { networkPolicyClaims } from "#fixtures/claims/network-policy";
import { addressOf, nodesOf, type SelfBuilt } from "#fixtures/claims/system";
import { running, workloadClaims } from "#fixtures/claims/workloads";
import { aescbcPrefix } from "#fixtures/encryption/rotation";
import { podRoutes } from "#fixtures/probes/pod-routes";
import { netexec } from "#fixtures/workloads/netexec";
import { within } from "#harness/judging/within";
import type { Claims, Given } from "#harness/vitest/scenario";
import declared, { balancer, made, variants } from "./scenario.ts";

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

type VmName = keyof (typeof variants.vms)["topology"]["nodes"];

const onVms: SelfBuilt<VmName> = {
  declared: variants.vms,
  controlPlanes: ["k8s-master-01"],
  workers: ["k8s-node-01"],
  user: "client-01",
  api: "https://172.17.0.10:6443",
};

/** What every cluster keeps. */
export function claimsOnVms(claim: Claims<VmName>, given: Given<VmName>): void {
  workloadClaims(claim, given, onVms);
  atRestClaims(claim, given, onVms, keptAtRest);

  claim("kernels lead to pods of the other node into the IPIP tunnel", async (it) => {
    const { nodes, kube } = it.lab;
    await kube.apply(netexec({ name: "far" }));
    const names = nodesOf(onVms);
    const far = await running(it, "far", names.length);
    const pods = far.map(({ node, address }) => ({ title: `far on ${node}`, node, address }));
    // All of it is wrapped, so that no node is another's neighbour.
    const places = Object.fromEntries(names.map((name) => [name, { segment: name, address: addressOf(onVms, name) }]));
    const routes = podRoutes(
      names.map((name) => nodes[name]),
      pods,
    );
    await it.reaches(routes, routesFollowSegments(places, "tunl0"), within.podRoutesSpread);
  });
}

/** What every cluster keeps, and kubespray's proxy. */
export function claims(claim: Claims<Name>, given: Given<Name>): void {
  workloadClaims(claim, given, system);
  atRestClaims(claim, given, system, keptAtRest);
  networkPolicyClaims(claim, given, policies);
  apiProxyClaims(claim, system);
}

/** What kubespray's own playbooks leave alone when they run again. */
export function againClaims(claim: Claims<Name>, given: Given<Name>): void {
  kubesprayClaims(claim, given, { ...system, declared: variants.again }, { made, leaves: "k8s-node-02" });
}

/** All of it, about one lab. */
export function allClaims(claim: Claims<Name>, given: Given<Name>): void {
  claims(claim, given);
  againClaims(claim, given);
}
