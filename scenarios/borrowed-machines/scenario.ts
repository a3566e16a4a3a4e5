import { coredns } from "#fixtures/addons/coredns";
import { flannel } from "#fixtures/addons/flannel";
import { kubernetesImages } from "#fixtures/images/k8s";
import { kubeadm } from "#fixtures/provisioners/kubeadm/index";
import { prepared } from "#fixtures/provisioners/prepare/index";
import { versions } from "#fixtures/versions";
import type { Scenario } from "#harness/model/scenario";
import type { Topology } from "#harness/model/topology";

/** Nobody is at .1, but a kubelet takes its address from where the default route leads. */
const at = (address: string) => ({ on: [{ segment: "lan", address }], via: "192.168.10.1" }) as const;

const topology = {
  segments: { lan: "192.168.10.0/24" },
  nodes: {
    "cp-1": { role: "control-plane", ...at("192.168.10.11") },
    "worker-1": { role: "worker", ...at("192.168.10.21") },
  },
} as const satisfies Topology;

const cluster = {
  kubernetes: versions.kubernetes,
  images: kubernetesImages(),
  podCidr: "10.244.0.0/16",
  serviceCidr: "10.96.0.0/12",
} as const;

/** On machines of an inventory: whoever made them keeps their clocks. */
export default {
  id: "borrowed-machines",
  proves: "A cluster rises on machines that were there before, and they are given back as they were.",
  tier: "nightly",
  needs: [],
  topology,
  cluster: {
    ...cluster,
    provisioner: prepared(kubeadm(), { timeService: false }),
    addons: [flannel(), coredns()],
  },
} as const satisfies Scenario;

export const variants = {
  /** The machines alone: strangers, as long as this is another lab's. */
  strangers: {
    id: "borrowed-machines+strangers",
    proves: "Machines are there before the lab that uses them.",
    tier: "nightly",
    needs: [],
    topology,
    cluster: { ...cluster, provisioner: kubeadm(), builtBy: "claims", addons: [] },
  } as const satisfies Scenario,
};
