import { allRun, nodes, pods } from "#fixtures/checks/cluster";
import { apiProxyBreakages } from "#fixtures/claims/api-proxy.red";
import { keptAtRestBreakages, kubesprayBreakages } from "#fixtures/claims/kubespray.red";
import { networkPolicyBreakages } from "#fixtures/claims/network-policy.red";
import { workloadBreakages } from "#fixtures/claims/workloads.red";
import { defineCheck, met, unmet } from "#harness/judging/checks";
import { within } from "#harness/judging/within";
import { reddened } from "#harness/vitest/reddened";
import { allClaims, keptAtRest, policies, system } from "./claims.ts";
import declared from "./scenario.ts";

type Nodes = Awaited<ReturnType<ReturnType<typeof nodes>["look"]>>;

/** All that there are: one leaves and comes back in between. */
const allReady = defineCheck("allReady", () => ({
  claim: "are all Ready",
  judge(seen: Nodes) {
    const others = seen.filter(({ ready }) => !ready).map(({ name }) => name);
    return seen.length > 0 && others.length === 0 ? met : unmet("every node Ready", others);
  },
}));

reddened(declared, allClaims, {
  async sound({ lab, reaches }) {
    await reaches(nodes(lab.kube), allReady(), within.nodeReady);
    await reaches(pods(lab.kube, ["kube-system"]), allRun(10), within.podReady);
  },
  breakages: [
    ...workloadBreakages(system),
    ...keptAtRestBreakages(system, keptAtRest),
    ...networkPolicyBreakages(policies),
    ...apiProxyBreakages(system),
    ...kubesprayBreakages(system, "k8s-node-02"),
  ],
});
