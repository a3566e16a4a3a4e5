import { flannel } from "#fixtures/addons/flannel";
import { kubernetesImages } from "#fixtures/images/k8s";
import { newSecrets } from "#fixtures/provisioners/kubeadm/config";
import { kubeadmPhases } from "#fixtures/provisioners/kubeadm-phases/index";
import { versions } from "#fixtures/versions";
import type { Scenario } from "#harness/model/scenario";
import type { Topology } from "#harness/model/topology";

/**
 * Nobody is at .1, but without a default route the kernel refuses to send to a Service's address before kube-proxy's
 * rules have changed it to a pod's.
 */
const at = (address: string) => ({ on: [{ segment: "lan", address }], via: "192.168.10.1" }) as const;

const topology = {
  segments: { lan: "192.168.10.0/24" },
  nodes: {
    "client-1": { role: "host", ...at("192.168.10.100") },
    "cp-1": { role: "control-plane", ...at("192.168.10.11") },
    "cp-2": { role: "control-plane", ...at("192.168.10.12") },
    "cp-3": { role: "control-plane", ...at("192.168.10.13") },
    "worker-1": { role: "worker", ...at("192.168.10.21") },
  },
} as const satisfies Topology;

export const secrets = newSecrets();

/** systems.md §4. */
export default {
  id: "kubeadm-phases",
  proves: "Each phase of kubeadm does what it is for and no more, and who has no right to join does not.",
  tier: "core",
  needs: [],
  topology,
  cluster: {
    kubernetes: versions.kubernetes,
    images: kubernetesImages(),
    provisioner: kubeadmPhases(secrets),
    builtBy: "claims",
    podCidr: "10.244.0.0/16",
    serviceCidr: "10.96.0.0/12",
    addons: [flannel()],
  },
} as const satisfies Scenario;
