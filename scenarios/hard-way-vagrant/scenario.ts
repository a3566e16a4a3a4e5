import { coredns } from "#fixtures/addons/coredns";
import { identity, newKey } from "#fixtures/encryption/config";
import { hardWayImages } from "#fixtures/images/k8s";
import { type ByHandOptions, byHand } from "#fixtures/provisioners/by-hand/index";
import { versions } from "#fixtures/versions";
import type { Scenario } from "#harness/model/scenario";
import type { Topology } from "#harness/model/topology";

/** lb-0, where the API is reached. */
export const balancer = "10.240.0.40";

/**
 * On the one segment. Vagrant's machines had a default route to their host; nobody is at this one, but without any the
 * kernel refuses to send to a Service's address before kube-proxy's rules have changed it to a pod's.
 */
const at = (address: string) => ({ on: [{ segment: "k8s", address }], via: "10.240.0.1" }) as const;

/** systems.md §2: Kubernetes The Hard Way on Vagrant (2020). */
const topology = {
  segments: { k8s: "10.240.0.0/24" },
  nodes: {
    "lb-0": { role: "host", ...at(balancer) },
    "master-0": { role: "control-plane", ...at("10.240.0.10") },
    "master-1": { role: "control-plane", ...at("10.240.0.11") },
    "master-2": { role: "control-plane", ...at("10.240.0.12") },
    "worker-0": { role: "worker", ...at("10.240.0.20") },
    "worker-1": { role: "worker", ...at("10.240.0.21") },
    "worker-2": { role: "worker", ...at("10.240.0.22") },
  },
} as const satisfies Topology;

/** The original's certificates live for a year, its keys are RSA of 2048 bits. */
export const provisioner = (more: Partial<ByHandOptions> = {}) =>
  byHand({
    loadBalancer: { machines: ["lb-0"], address: balancer },
    podNetwork: "static-routes",
    kubeProxy: "iptables",
    encryption: [{ resources: ["secrets"], providers: [{ aescbc: { keys: [newKey("key1")] } }, identity] }],
    ...more,
  });

const hardWay = {
  id: "hard-way-vagrant",
  proves:
    "A highly available cluster made by hand, step by step, works, keeps its secrets and survives each single loss.",
  tier: "core",
  needs: [],
  topology,
  cluster: {
    kubernetes: versions.kubernetes,
    images: hardWayImages(),
    provisioner: provisioner(),
    podCidr: "10.200.0.0/16",
    serviceCidr: "10.32.0.0/24",
    addons: [coredns({ clusterIp: "10.32.0.10" })],
  },
} as const satisfies Scenario;

export default hardWay;

/** The same system, to lose parts of: what that costs takes a computer with nothing else to do, and minutes. */
export const variants = {
  availability: { ...hardWay, id: "hard-way-vagrant+availability", tier: "nightly" } as const satisfies Scenario,
};
