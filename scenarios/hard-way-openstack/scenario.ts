import { coredns } from "#fixtures/addons/coredns";
import { flannel } from "#fixtures/addons/flannel";
import { identity, newKey } from "#fixtures/encryption/config";
import { hardWayImages } from "#fixtures/images/k8s";
import { networkNode } from "#fixtures/nodes/network-node";
import { byHand } from "#fixtures/provisioners/by-hand/index";
import { versions } from "#fixtures/versions";
import type { Scenario } from "#harness/model/scenario";
import type { Topology } from "#harness/model/topology";

/** The address that lb-0 or lb-1 holds, and the one that stands for it outside. */
export const balancer = { inside: "10.0.0.100", outside: "192.168.0.100" } as const;

const inside = (address: string) => ({ on: [{ segment: "inside", address }], via: "net-0" }) as const;

/** systems.md §3: The Hard Way on OpenStack (2018). */
const topology = {
  segments: { inside: "10.0.0.0/24", outside: "192.168.0.0/24" },
  nodes: {
    bastion: { role: "host", on: [{ segment: "outside", address: "192.168.0.5" }], via: "net-0" },
    "net-0": {
      role: "host",
      on: [
        { segment: "inside", address: "10.0.0.1" },
        { segment: "outside", address: "192.168.0.1" },
      ],
      sysctls: { "net.ipv4.ip_forward": "1" },
      software: networkNode({
        inside: "inside",
        outside: "outside",
        floating: {
          [balancer.outside]: balancer.inside,
          "192.168.0.10": "10.0.0.10",
          "192.168.0.11": "10.0.0.11",
          "192.168.0.12": "10.0.0.12",
          "192.168.0.20": "10.0.0.20",
          "192.168.0.21": "10.0.0.21",
          "192.168.0.22": "10.0.0.22",
        },
      }),
    },
    "lb-0": { role: "host", ...inside("10.0.0.30") },
    "lb-1": { role: "host", ...inside("10.0.0.31") },
    "master-0": { role: "control-plane", ...inside("10.0.0.10") },
    "master-1": { role: "control-plane", ...inside("10.0.0.11") },
    "master-2": { role: "control-plane", ...inside("10.0.0.12") },
    "worker-0": { role: "worker", ...inside("10.0.0.20") },
    "worker-1": { role: "worker", ...inside("10.0.0.21") },
    "worker-2": { role: "worker", ...inside("10.0.0.22") },
  },
} as const satisfies Topology;

export default {
  id: "hard-way-openstack",
  proves:
    "A cluster made by hand behind NAT and a pair of load balancers works, knows its users by Keycloak and survives each single loss.",
  tier: "nightly",
  needs: [],
  topology,
  cluster: {
    kubernetes: versions.kubernetes,
    images: hardWayImages({ keycloak: true }),
    provisioner: byHand({
      keys: "ECDSA-P256",
      loadBalancer: { machines: ["lb-0", "lb-1"], address: balancer.inside },
      users: { from: "bastion", address: balancer.outside },
      podNetwork: "addon",
      kubeProxy: "nftables",
      encryption: [{ resources: ["secrets"], providers: [{ aescbc: { keys: [newKey("key1")] } }, identity] }],
    }),
    podCidr: "172.17.0.0/16",
    serviceCidr: "10.32.0.0/24",
    addons: [flannel({ apiServer: balancer.inside }), coredns({ clusterIp: "10.32.0.10" })],
  },
} as const satisfies Scenario;
