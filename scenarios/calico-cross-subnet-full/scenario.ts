import { calico } from "#fixtures/addons/calico";
import { coredns } from "#fixtures/addons/coredns";
import { calicoImages } from "#fixtures/images/k8s";
import { kubeadm } from "#fixtures/provisioners/kubeadm/index";
import { versions } from "#fixtures/versions";
import type { Scenario } from "#harness/model/scenario";
import type { Topology } from "#harness/model/topology";

/** Where everyone reaches the API. */
export const balancer = "192.168.0.5";

const onA = (address: string) => ({ on: [{ segment: "hosts-a", address }], via: "192.168.0.200" }) as const;
const onB = (address: string) => ({ on: [{ segment: "hosts-b", address }], via: "192.168.99.200" }) as const;

/** systems.md §5, whole: etcd ×5 on machines of its own, control plane ×3 behind a reverse proxy, worker ×7. */
const topology = {
  segments: { "hosts-a": "192.168.0.0/24", "hosts-b": "192.168.99.0/24" },
  nodes: {
    "rt-01": {
      role: "host",
      on: [
        { segment: "hosts-a", address: "192.168.0.200" },
        { segment: "hosts-b", address: "192.168.99.200" },
      ],
      sysctls: { "net.ipv4.ip_forward": "1" },
    },
    "lb-01": { role: "host", ...onA(balancer) },
    "etcd-1": { role: "host", ...onA("192.168.0.41") },
    "etcd-2": { role: "host", ...onA("192.168.0.42") },
    "etcd-3": { role: "host", ...onA("192.168.0.43") },
    "etcd-4": { role: "host", ...onA("192.168.0.44") },
    "etcd-5": { role: "host", ...onA("192.168.0.45") },
    "k8s-master-01": { role: "control-plane", ...onA("192.168.0.11") },
    "k8s-master-02": { role: "control-plane", ...onA("192.168.0.12") },
    "k8s-master-03": { role: "control-plane", ...onA("192.168.0.13") },
    "k8s-worker-21": { role: "worker", ...onA("192.168.0.21") },
    "k8s-worker-22": { role: "worker", ...onA("192.168.0.22") },
    "k8s-worker-23": { role: "worker", ...onA("192.168.0.23") },
    "k8s-worker-31": { role: "worker", ...onB("192.168.99.31") },
    "k8s-worker-32": { role: "worker", ...onB("192.168.99.32") },
    "k8s-worker-33": { role: "worker", ...onB("192.168.99.33") },
    "k8s-worker-34": { role: "worker", ...onB("192.168.99.34") },
  },
} as const satisfies Topology;

export default {
  id: "calico-cross-subnet-full",
  proves:
    "The storage team's whole cluster, five members of etcd, three control planes and seven workers on two subnets, has the network of calico-cross-subnet, with Typha.",
  tier: "nightly",
  needs: [],
  topology,
  captured: "arp or icmp or (tcp port 179)",
  cluster: {
    kubernetes: versions.kubernetes,
    images: calicoImages(),
    provisioner: kubeadm({
      loadBalancer: { machines: ["lb-01"], address: balancer },
      etcd: ["etcd-1", "etcd-2", "etcd-3", "etcd-4", "etcd-5"],
    }),
    podCidr: "10.0.64.0/18",
    serviceCidr: "10.96.0.0/12",
    addons: [
      calico({
        pool: "10.0.64.0/18",
        blockSize: 26,
        encapsulation: "vxlan-cross-subnet",
        bgp: "mesh",
        apiServer: balancer,
      }),
      coredns(),
    ],
  },
} as const satisfies Scenario;
