import { coredns } from "#fixtures/addons/coredns";
import { flannel } from "#fixtures/addons/flannel";
import { metallb } from "#fixtures/addons/metallb";
import { announcedInside } from "#fixtures/checks/bgp";
import { kubernetesImages } from "#fixtures/images/k8s";
import { bgpUpdatesTo } from "#fixtures/probes/bgp-wire";
import { kubeadm } from "#fixtures/provisioners/kubeadm/index";
import { bird } from "#fixtures/routers/bird";
import { frr } from "#fixtures/routers/frr";
import { gobgp } from "#fixtures/routers/gobgp";
import { versions } from "#fixtures/versions";
import type { RouterSoftware } from "#harness/model/routing";
import type { Scenario } from "#harness/model/scenario";
import type { Topology } from "#harness/model/topology";

/** The addresses that MetalLB may give to Services of type LoadBalancer. */
export const pool = "172.17.254.0/24";

/** AS numbers of the original: the router and its client on one side, the cluster on the other. */
export const as = { router: 64512, cluster: 64522 } as const;

/** Seconds. MetalLB would say 90; a tenth of it shows the same and is over sooner. */
export const holdTime = 9;

export const workerLabels = { "node-role.kubernetes.io/node": "", type: "worker" };
const worker = (address: string) =>
  ({ role: "worker", on: [{ segment: "k8s", address }], via: "rt-01", labels: workerLabels }) as const;

/**
 * The L4 hash policy of a router on a wire: by addresses, protocol and ports (ip-sysctl.rst, fib_multipath_hash_policy).
 * Policy 1 says the same, but trusts a hash that the packet's sender left in the kernel's own record of it, and here
 * sender and router share a kernel: each connection would get a random next hop, and each retransmission another one.
 * Policy 3 with these fields always computes it.
 */
export const byFiveTuple = {
  "net.ipv4.fib_multipath_hash_policy": "3",
  "net.ipv4.fib_multipath_hash_fields": String(0x01 | 0x02 | 0x04 | 0x10 | 0x20),
};

/** systems.md §1: a BGP LoadBalancer lab on Vagrant (2019). */
const topology = (software: RouterSoftware) =>
  ({
    segments: { client: "172.17.1.0/24", k8s: "172.17.0.0/24" },
    nodes: {
      "client-01": { role: "host", on: [{ segment: "client", address: "172.17.1.10" }], via: "rt-01" },
      "rt-01": {
        role: "router",
        software,
        as: as.router,
        on: [
          { segment: "client", address: "172.17.1.1", name: "eth1" },
          { segment: "k8s", address: "172.17.0.1", name: "eth2" },
        ],
        peers: ["k8s-node-01", "k8s-node-02", "k8s-node-03"].map((node) => ({ node, as: as.cluster })),
        sysctls: { "net.ipv4.ip_forward": "1", ...byFiveTuple },
      },
      "k8s-master-01": { role: "control-plane", on: [{ segment: "k8s", address: "172.17.0.10" }], via: "rt-01" },
      "k8s-node-01": worker("172.17.0.21"),
      "k8s-node-02": worker("172.17.0.22"),
      "k8s-node-03": worker("172.17.0.23"),
    },
  }) as const satisfies Topology;

const metallbBgp = (id: string, tier: Scenario["tier"], software: RouterSoftware) =>
  ({
    id,
    proves: `A LoadBalancer Service of a kubeadm cluster is announced over BGP by MetalLB, routed by ${software.title}, and survives faults.`,
    tier,
    needs: ["ecmp-l4-hash"],
    topology: topology(software),
    cluster: {
      kubernetes: versions.kubernetes,
      images: kubernetesImages(),
      provisioner: kubeadm(),
      podCidr: "10.244.0.0/16",
      serviceCidr: "10.96.0.0/12",
      addons: [
        flannel(),
        coredns(),
        metallb({
          pool,
          peers: [{ router: "rt-01", myAs: as.cluster, peerAs: as.router, holdTime }],
        }),
      ],
    },
    always: [
      {
        claim: `nothing outside ${pool} is ever announced`,
        watch: (world) => bgpUpdatesTo(world, "rt-01", "k8s"),
        check: announcedInside(pool),
      },
    ],
  }) as const satisfies Scenario;

export type MetallbBgp = ReturnType<typeof metallbBgp>;

/** The original: gobgpd as the router's BGP speaker, zebra for its kernel routes. */
export default metallbBgp("metallb-bgp", "core", gobgp());

/** The same system and the same claims with other routers. */
export const variants = {
  frr: metallbBgp("metallb-bgp+frr", "nightly", frr()),
  bird: metallbBgp("metallb-bgp+bird", "nightly", bird()),
};
