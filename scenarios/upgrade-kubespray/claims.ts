import { interruptedUpgradeClaims, kubesprayUpgradeClaims, takenBackClaims } from "#fixtures/claims/kubespray-upgrade";
import type { SelfBuilt } from "#fixtures/claims/system";
import { upgradeClaims } from "#fixtures/claims/upgrade";
import { balancer, type UpgradeMachine } from "#fixtures/upgrades/lab";
import { takeInLab } from "#fixtures/upgrades/take";
import type { Scenario } from "#harness/model/scenario";
import type { Duration } from "#harness/model/units";
import type { UpgradePath } from "#harness/model/upgrade";
import type { Claims, Given } from "#harness/vitest/scenario";
import declared, { made, path, toHead, variants } from "./scenario.ts";

const systemOf = (declared: Scenario): SelfBuilt<UpgradeMachine> => ({
  declared,
  controlPlanes: ["k8s-master-01", "k8s-master-02", "k8s-master-03"],
  workers: ["k8s-node-01", "k8s-node-02", "k8s-node-03"],
  user: "client-01",
  api: `https://${balancer}:6443`,
});

type Judged = (claim: Claims<UpgradeMachine>, given: Given<UpgradeMachine>) => void;

const judged =
  (lab: typeof declared, path: UpgradePath, api: Duration): Judged =>
  (claim, given) => {
    const away = { "load-balancer": "2s", "api-read": api, "api-write": api } as const;
    const taken = upgradeClaims(claim, given, { declared: lab, path, take: takeInLab }, { within: "60m", away });
    kubesprayUpgradeClaims(claim, taken, systemOf(lab), path);
  };

/** All members of etcd are stopped at once, for 20 to 40 s, to bring it from 3.5 to 3.6. */
export const claims = judged(declared, path, "1m");
/** etcd stays; API servers are upgraded one after the other, and two cores hold up what is asked meanwhile for 3 s. */
export const headClaims = judged(variants.head, toHead, "10s");

export type Interrupted = keyof (typeof variants)["interrupted"]["topology"]["nodes"];

export const interruptedSystem: SelfBuilt<Interrupted> = {
  declared: variants.interrupted,
  controlPlanes: ["k8s-master-01", "k8s-master-02"],
  workers: ["k8s-node-01"],
  user: "mirror-01",
  api: "https://172.17.0.10:6443",
};

export function interruptedClaims(claim: Claims<Interrupted>, given: Given<Interrupted>): void {
  takenBackClaims(claim, given, interruptedSystem, { made, path });
  interruptedUpgradeClaims(claim, given, interruptedSystem, { made, path });
}
