import { metallb } from "#fixtures/addons/metallb";
import { kubesprayImages } from "#fixtures/images/k8s";
import { apiLoadBalancer } from "#fixtures/nodes/load-balancer";
import { mirror } from "#fixtures/nodes/mirror";
import { type KubesprayOptions, kubespray } from "#fixtures/provisioners/kubespray/index";
import { gobgp } from "#fixtures/routers/gobgp";
import type { Scenario } from "#harness/model/scenario";
import type { Topology } from "#harness/model/topology";

/** Where users reach the API: HAProxy on lb-01. */
export const balancer = "172.17.0.5";
/** What MetalLB may give to Services. */
const pool = "172.17.254.0/24";
const as = { router: 64512, cluster: 64522 } as const;

const inside = (address: string) => ({ on: [{ segment: "k8s", address }], via: "rt-01" }) as const;
const master = (address: string) => ({ role: "control-plane", ...inside(address), tags: ["etcd"] }) as const;
/** Calico wants a default route on every node; nobody is at this one. */
const nobodyBeyond = (address: string) => ({ on: [{ segment: "k8s", address }], via: "172.17.0.1" }) as const;
const worker = (address: string) => ({ role: "worker", ...inside(address) }) as const;

/** systems.md §5, in the smallest shape that has all its parts: what is tagged `etcd` is a member, roles say the rest. */
const topology = {
  segments: { client: "172.17.1.0/24", k8s: "172.17.0.0/24" },
  nodes: {
    "client-01": { role: "host", on: [{ segment: "client", address: "172.17.1.10" }], via: "rt-01" },
    "rt-01": {
      role: "router",
      software: gobgp(),
      as: as.router,
      on: [
        { segment: "client", address: "172.17.1.1", name: "eth1" },
        { segment: "k8s", address: "172.17.0.1", name: "eth2" },
      ],
      peers: ["k8s-node-01", "k8s-node-02"].map((node) => ({ node, as: as.cluster })),
      sysctls: { "net.ipv4.ip_forward": "1" },
    },
    "lb-01": { role: "host", software: apiLoadBalancer(), ...inside(balancer) },
    "mirror-01": { role: "host", software: mirror(), ...inside("172.17.0.6") },
    "k8s-master-01": master("172.17.0.10"),
    "k8s-master-02": master("172.17.0.11"),
    "k8s-master-03": master("172.17.0.12"),
    "k8s-node-01": worker("172.17.0.21"),
    "k8s-node-02": worker("172.17.0.22"),
  },
} as const satisfies Topology;

/** The least that kubespray works on, of VMs: with a kernel of their own they may load modules and have IPIP, which containers here may not. */
const small = {
  segments: { k8s: topology.segments.k8s },
  nodes: {
    "client-01": { role: "host", ...nobodyBeyond("172.17.0.5") },
    "mirror-01": { role: "host", software: mirror(), ...nobodyBeyond("172.17.0.6") },
    "k8s-master-01": { role: "control-plane", machine: "vm", ...nobodyBeyond("172.17.0.10"), tags: ["etcd"] },
    "k8s-node-01": { role: "worker", machine: "vm", ...nobodyBeyond("172.17.0.21") },
  },
} as const satisfies Topology;

/** What the people of systems.md §5 change of kubespray's defaults, and nothing else. */
export const settings = {
  kube_network_plugin: "calico",
  calico_network_backend: "bird",
  calico_ipip_mode: "Never",
  calico_vxlan_mode: "Never",
  kube_encrypt_secret_data: true,
  kube_encryption_algorithm: "aescbc",
  etcd_quota_backend_bytes: "2147483648",
  // By default every run of a playbook makes new certificates for all members of etcd.
  force_etcd_cert_refresh: false,
  supplementary_addresses_in_ssl_keys: [balancer],
} as const;

/** Which kubespray makes the cluster, with which settings. */
export const made: KubesprayOptions = { version: "v2.30.0", settings, mirror: "mirror-01", within: "40m" };

const declared = {
  id: "kubespray-deploy",
  proves: "A cluster that kubespray's own playbooks made keeps what clusters that were built by hand keep.",
  tier: "nightly",
  needs: [],
  topology,
  // Every download and every image would be in it.
  captured: "arp or icmp or (tcp port 179)",
  cluster: {
    kubernetes: "1.34.4",
    images: kubesprayImages(),
    provisioner: kubespray(made),
    podCidr: "10.233.64.0/18",
    serviceCidr: "10.233.0.0/18",
    addons: [metallb({ pool, peers: [{ router: "rt-01", myAs: as.cluster, peerAs: as.router, holdTime: 9 }] })],
  },
} as const satisfies Scenario;

export default declared;

export const variants = {
  /** The same cluster, of which playbooks run again: three more of them take as long as all else. */
  again: {
    ...declared,
    id: "kubespray-deploy+again",
    proves:
      "What kubespray's playbooks made they leave alone when they run again, and when a worker leaves and comes back.",
  },
  /** The same playbook on VMs, with IPIP between nodes as kubespray had it by default until v2.19. */
  vms: {
    ...declared,
    id: "kubespray-deploy+vms",
    proves: "A cluster that kubespray's own playbook made on VMs keeps what clusters that were built by hand keep.",
    topology: small,
    cluster: {
      ...declared.cluster,
      provisioner: kubespray({ ...made, settings: { ...settings, calico_ipip_mode: "Always" } }),
      addons: [],
    },
  },
} as const satisfies Record<string, Scenario>;
