import { allRun, nodes, nodesAre, pods } from "#fixtures/checks/cluster";
import { webAppClaims } from "#fixtures/claims/web-app";
import { webAppBreakages } from "#fixtures/claims/web-app.red";
import { within } from "#harness/judging/within";
import { reddened } from "#harness/vitest/reddened";
import { system } from "./claims.ts";
import hardWay from "./scenario.ts";

/** The claims that hard-way-vagrant does not make; the others are seen red there. */
reddened(hardWay, (claim, given) => webAppClaims(claim, given, system), {
  async sound({ lab, reaches }) {
    const expected = Object.fromEntries(system.workers.map((name) => [name, {}]));
    await reaches(nodes(lab.kube), nodesAre(hardWay.cluster.kubernetes, expected), within.nodeReady);
    await reaches(pods(lab.kube), allRun(5), within.podReady);
  },
  breakages: webAppBreakages(system),
});
