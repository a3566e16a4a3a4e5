import { type CalicoEncapsulation, type CalicoOptions, calico } from "#fixtures/addons/calico";
import { coredns } from "#fixtures/addons/coredns";
import { flannel } from "#fixtures/addons/flannel";
import { calicoImages } from "#fixtures/images/k8s";
import { kubeadm } from "#fixtures/provisioners/kubeadm/index";
import { versions } from "#fixtures/versions";
import type { Addon } from "#harness/model/provision";
import type { Scenario } from "#harness/model/scenario";
import type { Topology } from "#harness/model/topology";

/** Addresses of pods. With blocks of /26 they look like the original's: 10.0.65.0/26, 10.0.66.0/26 … */
export const pool = "10.0.64.0/18";

const gateway = { a: "192.168.0.200", b: "192.168.99.200" } as const;
const onA = (address: string) => ({ on: [{ segment: "hosts-a", address }], via: gateway.a }) as const;
const onB = (address: string) => ({ on: [{ segment: "hosts-b", address }], via: gateway.b }) as const;

/** systems.md §5: hosts on two subnets, and between them a router that knows nothing of pods. */
const topology = {
  segments: { "hosts-a": "192.168.0.0/24", "hosts-b": "192.168.99.0/24" },
  nodes: {
    "rt-01": {
      role: "host",
      on: [
        { segment: "hosts-a", address: gateway.a },
        { segment: "hosts-b", address: gateway.b },
      ],
      sysctls: { "net.ipv4.ip_forward": "1" },
    },
    "k8s-master-01": { role: "control-plane", ...onA("192.168.0.11") },
    "k8s-worker-21": { role: "worker", ...onA("192.168.0.21") },
    "k8s-worker-22": { role: "worker", ...onA("192.168.0.22") },
    "k8s-worker-31": { role: "worker", ...onB("192.168.99.31") },
    "k8s-worker-32": { role: "worker", ...onB("192.168.99.32") },
  },
} as const satisfies Topology;

const crossSubnet = (id: string, tier: Scenario["tier"], by: string, network: Addon) =>
  ({
    id,
    proves: `Pods on nodes of one subnet reach each other unencapsulated, and over ${by} across a router that knows none of their addresses; policies hold on both ways.`,
    tier,
    needs: [],
    topology,
    // Not every packet of every pair of pods: claims about packets take their own captures.
    captured: "arp or icmp or (tcp port 179)",
    cluster: {
      kubernetes: versions.kubernetes,
      images: calicoImages(),
      provisioner: kubeadm(),
      podCidr: pool,
      serviceCidr: "10.96.0.0/12",
      addons: [network, coredns()],
    },
  }) as const satisfies Scenario;

export type CalicoCrossSubnet = ReturnType<typeof crossSubnet>;

const calicoWith = (encapsulation: CalicoEncapsulation, more: Partial<CalicoOptions> = {}) =>
  calico({ pool, blockSize: 26, encapsulation, ...more });

/** The control plane is a container everywhere, and has no CNI: on a VM it takes the time and the two cores that the claims are to have. */
const workersMayBeVms = <S extends CalicoCrossSubnet>(scenario: S) => {
  const { nodes } = topology;
  const controlPlane = { ...nodes["k8s-master-01"], machine: "container" } as const;
  return { ...scenario, topology: { ...topology, nodes: { ...nodes, "k8s-master-01": controlPlane } } } as const;
};

/** Two workers on one segment and one on the other: fewer guests are fewer minutes where their processors are emulated. */
const withThreeWorkers = <S extends CalicoCrossSubnet>(scenario: S) => {
  const { "k8s-worker-32": _, ...nodes } = scenario.topology.nodes;
  return { ...scenario, topology: { ...scenario.topology, nodes } } as const;
};

/** The original: IPIP between subnets, routes by BGP. Where this computer's kernel has no IPIP the workers are VMs. */
export default workersMayBeVms(
  crossSubnet(
    "calico-cross-subnet",
    "nightly",
    "IPIP",
    calicoWith("ipip-cross-subnet", { bgp: "mesh", leavesOut: ["k8s-master-01"] }),
  ),
);

/**
 * The same system with VXLAN between subnets, as upstream's calico-vxlan.yaml has it, or with BGP beside it; and the same
 * claims about another product: they belong to the behaviour.
 */
export const variants = {
  vxlan: crossSubnet("calico-cross-subnet+vxlan", "core", "VXLAN", calicoWith("vxlan-cross-subnet")),
  bgp: crossSubnet("calico-cross-subnet+bgp", "nightly", "VXLAN", calicoWith("vxlan-cross-subnet", { bgp: "mesh" })),
  wireguard: withThreeWorkers(
    workersMayBeVms(
      crossSubnet(
        "calico-cross-subnet+wireguard",
        "nightly",
        "VXLAN and WireGuard",
        calicoWith("vxlan-cross-subnet", { wireguard: true, leavesOut: ["k8s-master-01"] }),
      ),
    ),
  ),
  flannel: crossSubnet("calico-cross-subnet+flannel", "nightly", "VXLAN of Flannel", flannel({ directRouting: true })),
};
