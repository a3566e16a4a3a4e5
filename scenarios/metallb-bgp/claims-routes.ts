import { heldInAdjRibIn } from "#fixtures/checks/bgp";
import { loadBalancerAddress } from "#fixtures/checks/services";
import { running } from "#fixtures/claims/workloads";
import { changed } from "#fixtures/faults/changes";
import { answeredBy, goTheSameWay, moved, perNode, spreadOver, stickToOneNode, waysOf } from "#fixtures/probes/flows";
import { adjRibIn, bgpSessions, kernelRoutes } from "#fixtures/routers/probes";
import { allOf, hasExactly } from "#harness/judging/checks";
import { within } from "#harness/judging/within";
import type { Machine } from "#harness/model/machines";
import type { Claims } from "#harness/vitest/scenario";
import { as } from "./scenario.ts";
import { address, allSessions, excluded, flowsIn, hashPolicy, type Name, type System, vip, workers } from "./system.ts";

/** From the BGP sessions to the client: who holds the Service's route, and over whom its flows go. */
export function routeClaims(claim: Claims<Name>, { protocol, route, web }: System): void {
  claim(
    "MetalLB holds one BGP session per worker with rt-01: Established, AS 64522, hold time as configured",
    async ({ lab, reaches }) => {
      await reaches(bgpSessions(lab.nodes["rt-01"]), allSessions, within.bgpEstablished);
    },
  );

  claim(
    `the LoadBalancer Service gets ${vip}; rt-01 holds it from all three workers with AS path 64522, and its kernel routes it over them with equal weight, proto ${protocol}`,
    async (it) => {
      const { lab, reaches, measure } = it;
      await web(lab);
      const rt01 = lab.nodes["rt-01"];
      const started = Date.now();
      await reaches(loadBalancerAddress(lab.kube, "web"), hasExactly(vip), within.serviceAddress);
      await running(it, "web", 6);
      const nextHops = workers.map((name) => address[name]);
      const held = heldInAdjRibIn({ prefix: `${vip}/32`, nextHops, asPath: [as.cluster] });
      await reaches(adjRibIn(rt01), held, within.bgpUpdate);
      const { at } = await reaches(kernelRoutes(rt01), route(vip, ...workers), within.bgpUpdate);
      measure("from Service to kernel route", at - started, "ms");
    },
  );

  claim(
    "client-01 reaches the Service through rt-01: all six replicas answer, and flows are spread over the three workers",
    async (it) => {
      const { lab, reaches, measure } = it;
      await web(lab);
      const rt01 = lab.nodes["rt-01"];
      const replicas = await running(it, "web", 6);
      await reaches(kernelRoutes(rt01), route(vip, ...workers), within.bgpUpdate);
      const good = allOf(
        spreadOver({ nodes: [...workers], share: 0.15 }),
        answeredBy({ pods: replicas.map((pod) => pod.name) }),
      );
      const { seen } = await reaches(flowsIn(lab), good, within.endpointsUpdate);
      const share = perNode(seen);
      measure("flows on the busiest worker", Math.max(...Object.values(share)), "flows", share);
    },
  );

  claim(
    "with the L3 hash policy one client sticks to one worker while many clients spread",
    async ({ lab, reaches, once }) => {
      await web(lab);
      const { "client-01": client, "rt-01": rt01 } = lab.nodes;
      await reaches(kernelRoutes(rt01), route(vip, ...workers), within.bgpUpdate);
      await using _hash = await hashPolicy(rt01, 0);
      await once(flowsIn(lab, { count: 40 }), stickToOneNode());
      const many = Array.from({ length: 40 }, (_, i) => `172.17.1.${100 + i}`);
      await using _crowd = await alsoAt(client, many);
      await once(flowsIn(lab, { count: 3, sources: many }), spreadOver({ nodes: [...workers], share: 0.1 }));
    },
  );

  claim(
    "the same flows go the same way; when one next hop leaves, its flows go to the others, and how many of the rest move is recorded",
    async ({ lab, reaches, once, measure }) => {
      await web(lab);
      const rt01 = lab.nodes["rt-01"];
      await reaches(kernelRoutes(rt01), route(vip, ...workers), within.bgpUpdate);
      const theSame = flowsIn(lab, { first: 2000 });
      const before = await once(theSame, spreadOver({ nodes: [...workers], share: 0.15 }));
      await once(theSame, goTheSameWay(waysOf(before)));
      {
        await using _left = await excluded(lab, "k8s-node-02");
        const others = ["k8s-node-01", "k8s-node-03"] as const;
        await reaches(kernelRoutes(rt01), route(vip, ...others), within.bgpWithdrawal);
        const after = await once(theSame, spreadOver({ nodes: [...others], share: 0.2 }));
        const ofTheRest = moved(before, after, "k8s-node-02");
        measure("flows of the remaining workers that moved", ofTheRest.moved, "flows", ofTheRest);
      }
      await reaches(kernelRoutes(rt01), route(vip, ...workers), within.bgpUpdate);
    },
  );
}

const alsoAt = (client: Machine, addresses: readonly string[]): Promise<AsyncDisposable> =>
  changed(
    client,
    addresses.map((a) => `ip addr add ${a}/24 dev eth0`).join(" && "),
    addresses.map((a) => `ip addr del ${a}/24 dev eth0`).join(" && "),
  );
