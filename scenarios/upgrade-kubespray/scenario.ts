import { kubesprayImages } from "#fixtures/images/k8s";
import { mirror } from "#fixtures/nodes/mirror";
import { type KubesprayOptions, kubespray } from "#fixtures/provisioners/kubespray/index";
import { releaseVariables } from "#fixtures/provisioners/kubespray/upgrade";
import { upgradeLab } from "#fixtures/upgrades/lab";
import type { Scenario } from "#harness/model/scenario";
import type { Topology } from "#harness/model/topology";
import type { UpgradePath } from "#harness/model/upgrade";

/** `kubespray:v2.30.0..v2.31.0?serial=1`, with what the lab's mirror has of each minor release that these versions install. */
export const path = {
  name: "kubespray-v2.30.0-v2.31.0",
  title: "kubespray, v2.30.0 to v2.31.0, a worker at a time, drained",
  provisioner: "kubespray",
  with: "v2.30.0",
  from: { kubernetes: "1.34.4", etcd: "3.5.27", containerd: "2.2.9", cni: "3.31.0" },
  hops: [{ with: "v2.31.0", to: { kubernetes: "1.35.4", etcd: "3.6.16" } }],
  workers: { atOnce: 1 },
  drain: true,
} as const satisfies UpgradePath;

export default upgradeLab("upgrade-kubespray", path);

/** The next hop: to the development head, as the clone has it. */
export const toHead = {
  name: "kubespray-v2.31.0-head",
  title: "kubespray, v2.31.0 to its development head, a worker at a time, drained",
  provisioner: "kubespray",
  with: "v2.31.0",
  from: { kubernetes: "1.35.4", etcd: "3.6.16", containerd: "2.2.9", cni: "3.31.0" },
  hops: [{ with: "head", to: { kubernetes: "1.36.3" } }],
  workers: { atOnce: 1 },
  drain: true,
} as const satisfies UpgradePath;

/** Nobody is at .1, but a kubelet takes its address from where the default route leads. */
const at = (address: string) => ({ on: [{ segment: "k8s", address }], via: "172.17.0.1" }) as const;

/** The least in which an upgrade can be killed between two control planes. */
const topology = {
  segments: { k8s: "172.17.0.0/24" },
  nodes: {
    "mirror-01": { role: "host", software: mirror(), ...at("172.17.0.6") },
    "k8s-master-01": { role: "control-plane", ...at("172.17.0.10"), tags: ["etcd"] },
    "k8s-master-02": { role: "control-plane", ...at("172.17.0.11") },
    "k8s-node-01": { role: "worker", ...at("172.17.0.21") },
  },
} as const satisfies Topology;

/** Which kubespray makes the cluster whose upgrade is taken back and interrupted. */
export const made = {
  version: path.with,
  settings: { ...releaseVariables(path.from), kube_encrypt_secret_data: true },
  mirror: "mirror-01",
  within: "40m",
} as const satisfies KubesprayOptions;

export const variants = {
  head: upgradeLab("upgrade-kubespray+head", toHead),
  interrupted: {
    id: "upgrade-kubespray+interrupted",
    proves: `${path.title}: what can be taken back, and what is left behind when it is killed half-way and resumed.`,
    tier: "nightly",
    needs: [],
    topology,
    // Every download and every image would be in it.
    captured: "arp or icmp",
    cluster: {
      kubernetes: path.from.kubernetes,
      images: kubesprayImages(),
      provisioner: kubespray(made),
      podCidr: "10.233.64.0/18",
      serviceCidr: "10.233.0.0/18",
      addons: [],
    },
  } as const satisfies Scenario,
};
