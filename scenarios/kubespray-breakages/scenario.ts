import { calico } from "#fixtures/addons/calico";
import { coredns } from "#fixtures/addons/coredns";
import { calicoImages } from "#fixtures/images/k8s";
import { kubeadm } from "#fixtures/provisioners/kubeadm/index";
import { versions } from "#fixtures/versions";
import type { Scenario } from "#harness/model/scenario";
import type { Topology } from "#harness/model/topology";

/** Without a default route the kernel refuses to send to a Service's address; nobody is at this one. */
const at = (address: string) => ({ on: [{ segment: "k8s", address }], via: "192.168.0.1" }) as const;

/** As small as the failures need: two workers whose pods must reach each other, and a machine for members of etcd that are to fail. */
const topology = {
  segments: { k8s: "192.168.0.0/24" },
  nodes: {
    "etcd-01": { role: "host", ...at("192.168.0.5") },
    "k8s-master-01": { role: "control-plane", ...at("192.168.0.11") },
    "k8s-worker-21": { role: "worker", ...at("192.168.0.21") },
    "k8s-worker-22": { role: "worker", ...at("192.168.0.22") },
  },
} as const satisfies Topology;

/** Networks and pool as Kubespray v2.19.1 has them by default: `kube_pods_subnet`, `kube_service_addresses`, `kube_network_node_prefix`, `calico_vxlan_mode`. */
export default {
  id: "kubespray-breakages",
  proves: "Upgrades by Kubespray that are known to have broken clusters break here too, and are foreseen or found.",
  tier: "nightly",
  needs: [],
  topology,
  captured: "arp or icmp",
  cluster: {
    kubernetes: versions.kubernetes,
    images: calicoImages(),
    provisioner: kubeadm(),
    podCidr: "10.233.64.0/18",
    serviceCidr: "10.233.0.0/18",
    addons: [calico({ pool: "10.233.64.0/18", blockSize: 24, encapsulation: "vxlan" }), coredns()],
  },
} as const satisfies Scenario;
