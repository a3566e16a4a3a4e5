import { sessionsEstablished } from "#fixtures/checks/bgp";
import { hasNextHops } from "#fixtures/checks/routes";
import type { SelfBuilt } from "#fixtures/claims/system";
import { changed } from "#fixtures/faults/changes";
import { type Flow, flows } from "#fixtures/probes/flows";
import { nginx } from "#fixtures/workloads/nginx";
import type { Probe } from "#harness/model/judging";
import type { Machine } from "#harness/model/machines";
import type { Lab } from "#harness/model/scenario";
import type { Claim, Given } from "#harness/vitest/scenario";
import { as, byFiveTuple, holdTime, type MetallbBgp } from "./scenario.ts";

export type Name = keyof MetallbBgp["topology"]["nodes"];
export type MetallbLab = Lab<Name>;
export type Judging = Claim<Name>;

export const workers = ["k8s-node-01", "k8s-node-02", "k8s-node-03"] as const;
export const cluster = ["k8s-master-01", ...workers] as const;
export const address = {
  "k8s-master-01": "172.17.0.10",
  "k8s-node-01": "172.17.0.21",
  "k8s-node-02": "172.17.0.22",
  "k8s-node-03": "172.17.0.23",
} as const;
export const clientAddress = "172.17.1.10";

/** What the original's Service got: the first address of the pool. */
export const vip = "172.17.254.1";
export const url = `http://${vip}/`;

/** What claim sets for any cluster must know of this one. */
export const selfBuilt = (declared: MetallbBgp): SelfBuilt<Name> => ({
  declared,
  controlPlanes: ["k8s-master-01"],
  workers,
  user: "client-01",
  api: `https://${address["k8s-master-01"]}:6443`,
});

/** What claims say of rt-01, and what they find deployed. */
export type System = ReturnType<typeof systemOf>;

export function systemOf(declared: MetallbBgp, given: Given<Name>) {
  const { routeProtocol: protocol, units } = declared.topology.nodes["rt-01"].software;
  return {
    declared,
    /** Who puts the routes that rt-01 learns into its kernel, as `ip route` names it. */
    protocol,
    /** The systemd unit of rt-01's BGP speaker. */
    speaker: units.at(-1) ?? "",
    /** The kernel's route to one address leads over exactly these machines. */
    route: (to: string, ...over: (keyof typeof address)[]) =>
      hasNextHops({ prefix: `${to}/32`, nextHops: over.map((name) => address[name]), protocol }),
    /** nginx with 6 replicas behind a LoadBalancer Service, as the original deployed it. */
    web: given(async ({ kube }) => kube.apply(nginx({ name: "web", replicas: 6, service: { type: "LoadBalancer" } }))),
  };
}

/** Every worker's speaker has its session with rt-01. */
export const allSessions = sessionsEstablished({
  peers: workers.map((name) => address[name]),
  as: as.cluster,
  holdTime,
});

/** Connections of client-01 to the Service, counted at those machines of the cluster that have power. */
export function flowsIn(
  { nodes }: MetallbLab,
  {
    at = cluster,
    ...options
  }: Parameters<typeof flows>[3] & { readonly at?: readonly (typeof cluster)[number][] } = {},
): Probe<Flow[]> {
  return flows(
    nodes["client-01"],
    `${vip}:80`,
    at.map((name) => nodes[name]),
    options,
  );
}

/** https://metallb.io/configuration/_advanced_bgp_configuration/: a node with this label announces nothing. */
export async function excluded({ kube }: MetallbLab, name: (typeof workers)[number]): Promise<AsyncDisposable> {
  const node = { apiVersion: "v1", kind: "Node", name };
  const label = "node.kubernetes.io/exclude-from-external-load-balancers";
  await kube.patch(node, { metadata: { labels: { [label]: "" } } });
  return { [Symbol.asyncDispose]: () => kube.patch(node, { metadata: { labels: { [label]: null } } }) };
}

/** A router chooses next hops by another policy: 0 by addresses alone, 1 by the hash that the sender's kernel left. */
export const hashPolicy = (router: Machine, policy: 0 | 1): Promise<AsyncDisposable> => {
  const set = (to: number | string) => `sysctl -w net.ipv4.fib_multipath_hash_policy=${to}`;
  return changed(router, set(policy), set(byFiveTuple["net.ipv4.fib_multipath_hash_policy"]));
};
