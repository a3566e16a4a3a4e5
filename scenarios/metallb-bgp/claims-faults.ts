import { sessionYoungerThan } from "#fixtures/checks/bgp";
import { nodeReady, nodes } from "#fixtures/checks/cluster";
import { endpointNodes } from "#fixtures/checks/services";
import { linkCut, powerCut, processKill, serviceRestart } from "#fixtures/faults/machines";
import { spreadOver } from "#fixtures/probes/flows";
import { answers, http } from "#fixtures/probes/http";
import { pulse } from "#fixtures/probes/pulse";
import { bgpSessions, kernelRoutes } from "#fixtures/routers/probes";
import { hasExactly } from "#harness/judging/checks";
import { within } from "#harness/judging/within";
import type { Fault } from "#harness/model/faults";
import type { Claims } from "#harness/vitest/scenario";
import { holdTime } from "./scenario.ts";
import { address, allSessions, flowsIn, type Judging, type Name, type System, url, vip, workers } from "./system.ts";

/** What goes wrong in practice: routes end up as they should be, and what it cost the client is measured. */
export function faultClaims(claim: Claims<Name>, { route, speaker, web }: System): void {
  const afterHoldTime = within.bgpHoldTime(`${holdTime}s`);

  /** The Service as it should be: routed over all three workers, and every flow is answered. */
  const whole = async ({ lab, reaches }: Judging) => {
    await web(lab);
    for (const name of workers) await reaches(nodes(lab.kube), nodeReady(name), within.nodeReady);
    await reaches(kernelRoutes(lab.nodes["rt-01"]), route(vip, ...workers), within.bgpEstablished);
    return reaches(flowsIn(lab), spreadOver({ nodes: [...workers], share: 0.15 }), within.podReady);
  };

  claim("a speaker that is killed comes back: its session is a new one and the route is whole again", async (it) => {
    const { "rt-01": rt01, "k8s-node-02": victim } = it.lab.nodes;
    await whole(it);
    const peer = address["k8s-node-02"];
    const { seen } = await it.reaches(bgpSessions(rt01), allSessions, within.bgpEstablished);
    const seconds = seen.find((session) => session.peer === peer)?.uptime ?? 0;
    await felt(it, processKill(victim, "speaker"), {
      struck: async () => {
        await it.reaches(bgpSessions(rt01), sessionYoungerThan({ peer, seconds }), within.bgpEstablished);
        return it.reaches(kernelRoutes(rt01), route(vip, ...workers), within.bgpUpdate);
      },
    });
  });

  claim(
    "a worker whose power is cut is routed around within the hold time, and the Service carries on once its pods are written off",
    async (it) => {
      const { "rt-01": rt01, "k8s-node-02": victim, "client-01": client } = it.lab.nodes;
      await whole(it);
      const others = ["k8s-node-01", "k8s-node-03"] as const;
      await felt(it, powerCut(victim, rt01), {
        struck: async () => {
          const rerouted = await it.reaches(kernelRoutes(rt01), route(vip, ...others), afterHoldTime);
          // kube-proxy goes on sending a share of the connections to the dead worker's pods until the control plane gives it up.
          await it.reaches(endpointNodes(it.lab.kube, "web"), hasExactly(...others), within.nodeLost);
          const spread = spreadOver({ nodes: [...others], share: 0.2 });
          await it.reaches(flowsIn(it.lab, { at: others }), spread, within.flowsFollow);
          await it.holds(http(client, url), answers(), { for: "5s" });
          return rerouted;
        },
        healed: () => whole(it),
      });
    },
  );

  claim(
    "a worker whose link is cut is routed around within the hold time, and is back after the link is",
    async (it) => {
      const { "rt-01": rt01, "k8s-node-03": victim } = it.lab.nodes;
      await whole(it);
      await felt(it, linkCut(victim, "k8s", rt01), {
        struck: () => it.reaches(kernelRoutes(rt01), route(vip, "k8s-node-01", "k8s-node-02"), afterHoldTime),
        healed: () => whole(it),
      });
    },
  );

  claim(`when rt-01's ${speaker} is restarted, all sessions and the route come back`, async (it) => {
    const { "rt-01": rt01 } = it.lab.nodes;
    await whole(it);
    await felt(it, serviceRestart(rt01, speaker), {
      struck: async () => {
        await it.reaches(bgpSessions(rt01), allSessions, within.bgpEstablished);
        return it.reaches(kernelRoutes(rt01), route(vip, ...workers), within.bgpUpdate);
      },
    });
  });
}

type Moment = Promise<{ readonly at: number }>;

/**
 * Inflicts a fault while client-01 asks the Service every 10 ms, heals it, and records how long each took to converge
 * and what it cost. `struck` and `healed` end with the look that saw the system as it should be.
 */
async function felt(it: Judging, fault: Fault, judge: { struck(): Moment; healed?(): Moment }): Promise<void> {
  const { lab, holds, measure, attach } = it;
  await using client = await pulse(lab.nodes["client-01"], url);
  const active = await lab.inflict(fault);
  let healing: number;
  try {
    const { at } = await judge.struck();
    measure(`${fault.name}: converged after`, at - active.struckAt, "ms");
  } finally {
    healing = Date.now();
    await active[Symbol.asyncDispose]();
  }
  if (judge.healed) {
    const { at } = await judge.healed();
    measure(`${fault.name}: whole again after healing began`, at - healing, "ms");
  }
  await holds(http(lab.nodes["client-01"], url), answers(), { for: "1s" });
  const { report, beats } = await client.stop();
  const { outages, ...cost } = report;
  measure(`${fault.name}: requests lost`, report.failed, "requests", cost);
  const lostLater = beats.filter((beat) => !beat.ok && beat.at > healing).length;
  if (judge.healed) measure(`${fault.name}: requests lost while it healed`, lostLater, "requests");
  measure(`${fault.name}: from the first lost to the last`, report.troubledMs, "ms");
  measure(`${fault.name}: longest time without any answer`, Math.max(0, ...outages.map((o) => o.ms)), "ms");
  const name = fault.name.replaceAll(/[^a-z0-9]+/gi, "-");
  attach(`pulse-${name}.jsonl`, beats.map((beat) => JSON.stringify(beat)).join("\n"));
}
