import { allRun, nodes, nodesAre, type PodSeen, pods } from "#fixtures/checks/cluster";
import { answers, http } from "#fixtures/probes/http";
import { allReached, reachability, type Target } from "#fixtures/probes/reach";
import { netexecPorts } from "#fixtures/workloads/netexec";
import { within } from "#harness/judging/within";
import type { Claims } from "#harness/vitest/scenario";
import { workerLabels } from "./scenario.ts";
import { address, clientAddress, cluster, type Name, running, type System, service, workers } from "./system.ts";

/** The cluster that all else stands on: nodes, and pods that reach each other, Services and the outside. */
export function clusterClaims(claim: Claims<Name>, { declared, pairs }: System): void {
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

  claim("pods reach pods on their own node and, for every ordered pair of nodes, on the other", async (it) => {
    await pairs(it.lab);
    const east = await running(it, "east", 4);
    const west = await running(it, "west", 4);
    const to = west.map((pod) => ({
      title: pod.node,
      url: `http://${pod.address}:${netexecPorts.http}/hostname`,
      answer: pod.name,
    }));
    await it.once(reachability(it.lab.kube, "pod to pod", east.map(from), to), allReached(16));
  });

  claim(
    "pods on every node reach Services by ClusterIP and by name, their own Service, and what is outside the cluster",
    async (it) => {
      const { lab, reaches, once } = it;
      await pairs(lab);
      const east = await running(it, "east", 4);
      const lonely = await running(it, "lonely", 1);
      const { clusterIP } = await service(lab, "lonely");
      const outside = `http://${clientAddress}:8000/`;
      await using _server = await lab.nodes["client-01"].sh.start("cd /tmp && exec python3 -m http.server 8000");
      const to: Target[] = [
        { title: "ClusterIP", url: `http://${clusterIP}/`, answer: "lonely" },
        { title: "Service name", url: "http://lonely/", answer: "lonely" },
        { title: "Service name in full", url: "http://lonely.default.svc.cluster.local/", answer: "lonely" },
        { title: "client-01", url: outside },
      ];
      await reaches(http(lab.nodes["rt-01"], outside), answers(), within.serviceStart);
      await reaches(
        reachability(lab.kube, "pod to Service and outside", east.map(from), to),
        allReached(16),
        within.dnsAnswers,
      );
      const hairpin = [{ title: "its own Service", url: `http://${clusterIP}/`, answer: "lonely" }];
      await once(reachability(lab.kube, "hairpin", lonely.map(from), hairpin), allReached(1));
    },
  );

  claim("a NodePort answers on every node, from client-01 too", async ({ lab, reaches }) => {
    await pairs(lab);
    const port = (await service(lab, "lonely")).ports[0]?.nodePort;
    for (const asker of ["client-01", ...cluster] as const)
      for (const name of cluster)
        await reaches(
          http(lab.nodes[asker], `http://${address[name]}:${port}/`),
          answers({ saying: "lonely" }),
          within.endpointsUpdate,
        );
  });
}

const from = ({ namespace, name, node }: PodSeen) => ({ namespace, name, title: node });
