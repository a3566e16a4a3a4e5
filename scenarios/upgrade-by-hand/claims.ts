import { positiveControlClaims } from "#fixtures/claims/positive-control";
import { upgradeClaims } from "#fixtures/claims/upgrade";
import type { UpgradeMachine } from "#fixtures/upgrades/lab";
import { kubeletAhead, readyAhead, skewOf } from "#fixtures/upgrades/skew";
import { takeInLab } from "#fixtures/upgrades/take";
import { versions } from "#fixtures/versions";
import { within } from "#harness/judging/within";
import type { Claims, Given } from "#harness/vitest/scenario";
import declared, { path } from "./scenario.ts";

export function claims(claim: Claims<UpgradeMachine>, given: Given<UpgradeMachine>): void {
  positiveControlClaims(claim, given, { router: "rt-01", worker: "k8s-node-01" });

  claim(
    "a kubelet two minor versions ahead of its API server, which the skew policy forbids, is refused by nobody",
    async ({ lab, reaches }) => {
      await using _ahead = await kubeletAhead(lab.nodes["k8s-node-03"], {
        from: path.from.kubernetes,
        to: versions.kubernetes,
      });
      await reaches(skewOf(lab.kube, "k8s-node-03"), readyAhead(versions.kubernetes), within.nodeReady);
    },
  );

  upgradeClaims(
    claim,
    given,
    { declared, path, take: takeInLab },
    {
      within: "20m",
      away: {
        "api-read": "2s",
        "api-write": "2s",
        "pod-same-node": "1s",
        "pod-across": "1s",
        "cluster-ip": "1s",
        "node-port": "1s",
        "load-balancer": "1s",
        dns: "2s",
      },
    },
  );
}
