import { allRun, pods } from "#fixtures/checks/cluster";
import { toolbox } from "#fixtures/workloads/toolbox";
import type { Bench } from "#harness/bench/bench";
import type { Scenario } from "#harness/model/scenario";
import type { NodeSpec, Topology } from "#harness/model/topology";
import { variants } from "./scenario.ts";

const { vxlan } = variants;
const name = "first";

/** The same topology with a VM for each worker; an API server on a VM takes 40 s and more to answer. */
const asVms = ({ segments, nodes }: Topology): Topology => ({
  segments,
  nodes: Object.fromEntries(
    Object.entries(nodes).map(([node, spec]): [string, NodeSpec] => [
      node,
      spec.role === "worker" ? { ...spec, machine: "vm" } : spec,
    ]),
  ),
});

export default {
  scenario: vxlan,
  baseline: { ...vxlan, id: `${vxlan.id}-on-vms`, topology: asVms(vxlan.topology) } satisfies Scenario,
  baselineIs: {
    title: "workers on VMs",
    told: "the same lab with guests of User-mode Linux as the four workers",
  },
  firstPod: {
    objects: toolbox({ name, node: "k8s-worker-21" }),
    ready: (kube) => ({ probe: pods(kube, ["default"], `app=${name}`), check: allRun(1) }),
  },
  /** Also the policies: their tables are many, and the pairs of pods are what is measured here. */
  faultClaims:
    /moved to|prefix of|is killed|polic|selector|Calico:|egress|ingress|ipBlock|ports are allowed|every 10 ms|BGP/,
  /** Of two cores, with everything in the cache. */
  aims: { machines: "40s", nodes: "20s", pairs: "10s" },
} satisfies Bench;
