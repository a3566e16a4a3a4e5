import { allRun, nodes, nodesAre, pods } from "#fixtures/checks/cluster";
import { within } from "#harness/judging/within";
import { reddened } from "#harness/vitest/reddened";
import { breakages } from "./breakages.ts";
import { claims, system } from "./claims.ts";
import hardWay from "./scenario.ts";

reddened(hardWay, claims, {
  async sound({ lab, reaches }) {
    const expected = Object.fromEntries(system.workers.map((name) => [name, {}]));
    await reaches(nodes(lab.kube), nodesAre(hardWay.cluster.kubernetes, expected), within.nodeReady);
    await reaches(pods(lab.kube), allRun(2), within.podReady);
  },
  breakages,
});
