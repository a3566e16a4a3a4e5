import { allRun, nodes, nodesAre, pods } from "#fixtures/checks/cluster";
import { availabilityClaims } from "#fixtures/claims/availability";
import { webAppClaims } from "#fixtures/claims/web-app";
import { within } from "#harness/judging/within";
import { reddened } from "#harness/vitest/reddened";
import type { Claims, Given } from "#harness/vitest/scenario";
import { breakages } from "./breakages.ts";
import { availability, type Name, system } from "./claims.ts";
import hardWay from "./scenario.ts";

/** The claims that hard-way-vagrant does not make; the others are seen red there. */
function ownClaims(claim: Claims<Name>, given: Given<Name>): void {
  webAppClaims(claim, given, system);
  const ofThePair: Claims<Name> = (sentence, judge) => {
    if (sentence.startsWith("a load balancer")) claim(sentence, judge);
  };
  availabilityClaims(ofThePair, given, system, availability);
}

reddened(hardWay, ownClaims, {
  async sound({ lab, reaches }) {
    const expected = Object.fromEntries(system.workers.map((name) => [name, {}]));
    await reaches(nodes(lab.kube), nodesAre(hardWay.cluster.kubernetes, expected), within.nodeReady);
    await reaches(pods(lab.kube), allRun(5), within.podReady);
  },
  breakages,
});
