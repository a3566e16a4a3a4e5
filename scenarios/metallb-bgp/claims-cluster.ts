import { allRun, nodes, nodesAre, pods } from "#fixtures/checks/cluster";
import { within } from "#harness/judging/within";
import type { Claims } from "#harness/vitest/scenario";
import { workerLabels } from "./scenario.ts";
import { type Name, type System, workers } from "./system.ts";

/** The cluster that all else stands on. */
export function clusterClaims(claim: Claims<Name>, { declared }: System): void {
  claim(
    "every node is Ready at the pinned version with the original's labels, and all system pods run",
    async ({ lab, reaches }) => {
      const labels = Object.fromEntries(workers.map((name) => [name, workerLabels]));
      const expected = { "k8s-master-01": { "node-role.kubernetes.io/control-plane": "" }, ...labels };
      await reaches(nodes(lab.kube), nodesAre(declared.cluster.kubernetes, expected), within.nodeReady);
      // Control plane 4, CoreDNS 2, kube-proxy 4, flannel 4, MetalLB's controller and 3 speakers.
      const system = pods(lab.kube, ["kube-system", "kube-flannel", "metallb-system"]);
      await reaches(system, allRun(4 + 2 + 4 + 4 + 1 + 3), within.podReady);
    },
  );
}
