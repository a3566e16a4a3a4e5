import { calicoNode } from "#fixtures/addons/calico";
import { flanneld } from "#fixtures/addons/flannel";
import type { CalicoBgp } from "#fixtures/claims/calico-bgp";
import type { CrossSubnet } from "#fixtures/claims/cross-subnet";
import type { PolicySystem } from "#fixtures/claims/network-policy";
import type { SelfBuilt } from "#fixtures/claims/system";
import type { NodeAgent } from "#fixtures/faults/addresses";
import type { Encapsulation } from "#fixtures/probes/packets";
import calicoCrossSubnet, { type CalicoCrossSubnet, variants } from "./scenario.ts";

export type Name = keyof CalicoCrossSubnet["topology"]["nodes"];

const workers = ["k8s-worker-21", "k8s-worker-22", "k8s-worker-31", "k8s-worker-32"] as const satisfies readonly Name[];

/** Of whom every variant is asked, and by whom. */
const asked = { controlPlanes: ["k8s-master-01"], user: "rt-01", api: "https://192.168.0.11:6443" } as const;

const systemOf = (declared: CalicoCrossSubnet, encapsulation: Encapsulation, agent: NodeAgent): CrossSubnet<Name> => ({
  declared,
  workers,
  ...asked,
  encapsulation,
  router: "rt-01",
  agent,
  moves: { worker: "k8s-worker-22", to: "hosts-b", as: "192.168.99.22" },
});

export const systems = {
  ipip: systemOf(calicoCrossSubnet, { kind: "ipip", device: "tunl0" }, calicoNode),
  vxlan: systemOf(variants.vxlan, { kind: "vxlan", udpPort: 4789, device: "vxlan.calico" }, calicoNode),
  bgp: {
    ...systemOf(variants.bgp, { kind: "vxlan", udpPort: 4789, device: "vxlan.calico" }, calicoNode),
    reflector: "k8s-worker-21",
    dies: "k8s-worker-32",
  } satisfies CalicoBgp<Name>,
  flannel: systemOf(variants.flannel, { kind: "vxlan", udpPort: 8472, device: "flannel.1" }, flanneld),
} as const;

/** Claims about encryption between nodes ask for no more than this. */
export const encrypted: SelfBuilt<keyof typeof variants.wireguard.topology.nodes> = {
  declared: variants.wireguard,
  workers: ["k8s-worker-21", "k8s-worker-22", "k8s-worker-31"],
  ...asked,
};

export const policies: PolicySystem<Name> = {
  workers: ["k8s-worker-21", "k8s-worker-22", "k8s-worker-31", "k8s-worker-32"],
  enforcer: { title: "Felix", process: "calico-node" },
};
