import type { RouterSoftware } from "#harness/model/routing";
import type { Scenario } from "#harness/model/scenario";
import type { Topology } from "#harness/model/topology";

const unused = () => Promise.reject(new Error("not part of this test"));

export const gobgp: RouterSoftware = {
  name: "gobgp",
  title: "GoBGP 4.8.0 with zebra of FRR 8.4.4",
  needs: [],
  routeProtocol: "bgp",
  files: () => ({}),
  units: ["zebra.service", "gobgpd.service"],
  sessions: unused,
  adjRibIn: unused,
  tables: [],
};

/** systems.md §1. */
export const metallbBgp = {
  segments: { client: "172.17.1.0/24", k8s: "172.17.0.0/24" },
  nodes: {
    "client-01": { role: "host", on: ["client"], via: "rt-01" },
    "rt-01": {
      role: "router",
      on: [
        { segment: "client", address: "172.17.1.1", name: "eth1" },
        { segment: "k8s", address: "172.17.0.1", name: "eth2" },
      ],
      software: gobgp,
      as: 64512,
      peers: [
        { node: "k8s-node-01", as: 64522 },
        { node: "k8s-node-02", as: 64522 },
        { node: "k8s-node-03", as: 64522 },
      ],
    },
    "k8s-master-01": { role: "control-plane", on: ["k8s"], via: "rt-01" },
    "k8s-node-01": { role: "worker", on: [{ segment: "k8s", address: "172.17.0.21" }], via: "rt-01" },
    "k8s-node-02": { role: "worker", on: [{ segment: "k8s", address: "172.17.0.22" }], via: "rt-01" },
    "k8s-node-03": { role: "worker", on: [{ segment: "k8s", address: "172.17.0.23" }], via: "rt-01" },
  },
} as const satisfies Topology;

export function scenario(change: Partial<Scenario> = {}, cluster: Partial<Scenario["cluster"]> = {}): Scenario {
  return {
    id: "metallb-bgp",
    proves: "LoadBalancer addresses are reachable over BGP routes.",
    tier: "core",
    needs: [],
    topology: metallbBgp,
    cluster: {
      kubernetes: "1.36.3",
      images: {
        name: "none",
        machine: { name: "none", suite: "bookworm", packages: [], programs: {}, files: {}, disable: [], enable: [] },
        pods: [],
      },
      provisioner: { name: "kubeadm", plan: () => [], adminKubeconfig: "/etc/kubernetes/admin.conf" },
      podCidr: "10.244.0.0/16",
      serviceCidr: "10.96.0.0/12",
      addons: [metallb("172.17.254.0/24")],
      ...cluster,
    },
    ...change,
  };
}

export function metallb(pool: `${string}/${number}`, problems: readonly string[] = []) {
  return {
    name: "metallb",
    version: "0.15.3",
    kind: "load-balancer",
    needs: [],
    networks: [{ what: "LoadBalancer pool", cidr: pool }],
    problems: () => problems,
    manifests: () => [],
    ready: () => [],
  } as const satisfies Scenario["cluster"]["addons"][number];
}
