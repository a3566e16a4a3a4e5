import { calicoNode } from "#fixtures/addons/calico";
import { allRun, pods } from "#fixtures/checks/cluster";
import { type CrossSubnet, crossSubnetClaims } from "#fixtures/claims/cross-subnet";
import { within } from "#harness/judging/within";
import { scenario } from "#harness/vitest/scenario";
import full, { balancer } from "./scenario.ts";

type Name = keyof (typeof full)["topology"]["nodes"];

const system: CrossSubnet<Name> = {
  declared: full,
  controlPlanes: ["k8s-master-01", "k8s-master-02", "k8s-master-03"],
  workers: [
    ...(["k8s-worker-21", "k8s-worker-22", "k8s-worker-23"] as const),
    ...(["k8s-worker-31", "k8s-worker-32", "k8s-worker-33", "k8s-worker-34"] as const),
  ],
  user: "rt-01",
  api: `https://${balancer}:6443`,
  encapsulation: { kind: "vxlan", udpPort: 4789, device: "vxlan.calico" },
  router: "rt-01",
  agent: calicoNode,
  moves: { worker: "k8s-worker-22", to: "hosts-b", as: "192.168.99.22" },
};

scenario(full, (claim, given) => {
  claim("Typha, every node's Calico and the three API servers run", async ({ lab, reaches }) => {
    // Ten of calico-node, of kube-proxy each; two of CoreDNS; three of API server, controller-manager and scheduler each; kube-controllers; Typha.
    await reaches(pods(lab.kube, ["kube-system"]), allRun(10 + 10 + 2 + 3 * 3 + 1 + 1), within.podReady);
  });
  crossSubnetClaims(claim, given, system);
});
