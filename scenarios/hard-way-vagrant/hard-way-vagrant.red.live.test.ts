import { allRun, nodes, nodesAre, pods } from "#fixtures/checks/cluster";
import { accessBreakages } from "#fixtures/claims/access.red";
import { aggregationBreakages } from "#fixtures/claims/aggregation.red";
import { byHandBreakages } from "#fixtures/claims/by-hand.red";
import { cisBreakages } from "#fixtures/claims/cis.red";
import { pkiBreakages } from "#fixtures/claims/pki.red";
import { workloadBreakages } from "#fixtures/claims/workloads.red";
import { within } from "#harness/judging/within";
import { reddened } from "#harness/vitest/reddened";
import { claims, expectedPki, system } from "./claims.ts";
import hardWay, { balancer } from "./scenario.ts";

reddened(hardWay, claims, {
  async sound({ lab, reaches }) {
    const expected = Object.fromEntries(system.workers.map((name) => [name, {}]));
    await reaches(nodes(lab.kube), nodesAre(hardWay.cluster.kubernetes, expected), within.nodeReady);
    await reaches(pods(lab.kube), allRun(2), within.podReady);
  },
  breakages: [
    ...byHandBreakages(system, { balancer }),
    ...workloadBreakages(system),
    ...aggregationBreakages(system),
    ...pkiBreakages(system, expectedPki),
    ...accessBreakages(system),
    ...cisBreakages(system),
  ],
});
