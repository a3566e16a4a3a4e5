import { allRun, pods } from "#fixtures/checks/cluster";
import { toolbox } from "#fixtures/workloads/toolbox";
import type { Bench } from "#harness/bench/bench";
import hardWay, { provisioner } from "./scenario.ts";

const name = "first";

export default {
  scenario: hardWay,
  baseline: {
    ...hardWay,
    id: `${hardWay.id}+one-by-one`,
    cluster: { ...hardWay.cluster, provisioner: provisioner({ oneByOne: true }) },
  },
  baselineIs: {
    title: "one by one",
    told: "the same steps, each on one machine after another, as a person with one terminal does them, without the typing",
  },
  firstPod: {
    objects: toolbox({ name, node: "worker-0" }),
    ready: (kube) => ({ probe: pods(kube, ["default"], `app=${name}`), check: allRun(1) }),
  },
  /** Of two cores, with everything in the cache. */
  aims: { nodes: "30s", teardown: "3s" },
} satisfies Bench;
