import { type MetallbOptions, metallb } from "#fixtures/addons/metallb";
import { allRun, pods } from "#fixtures/checks/cluster";
import { kubeadmByHand } from "#fixtures/provisioners/kubeadm-by-hand";
import { toolbox } from "#fixtures/workloads/toolbox";
import type { Bench } from "#harness/bench/bench";
import metallbBgp, { as, holdTime, pool } from "./scenario.ts";

const settings: MetallbOptions = { pool, peers: [{ router: "rt-01", myAs: as.cluster, peerAs: as.router, holdTime }] };
const name = "first";

export default {
  scenario: metallbBgp,
  baseline: {
    ...metallbBgp,
    id: `${metallbBgp.id}+by-hand`,
    cluster: { ...metallbBgp.cluster, provisioner: kubeadmByHand({ metallb: metallb(settings) }), addons: [] },
    always: [],
  },
  baselineIs: {
    title: "by hand",
    told: "`kubeadm init` with all phases, flannel, `kubeadm join` on one worker after another, MetalLB once all nodes are Ready, with upstream's manifests and defaults, on machines raised by the lab",
  },
  firstPod: {
    objects: toolbox({ name, node: "k8s-node-01" }),
    ready: (kube) => ({ probe: pods(kube, ["default"], `app=${name}`), check: allRun(1) }),
  },
  faultClaims: /is killed|power is cut|link is cut|is restarted/,
  /** Of two cores, with everything in the cache. */
  aims: { nodes: "20s", scenario: "60s", teardown: "3s" },
} satisfies Bench;
