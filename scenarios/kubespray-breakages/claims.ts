import { breakageClaims } from "#fixtures/kubespray/breakages/index";
import { kubesprayOf, type ReplaySystem } from "#fixtures/kubespray/breakages/replay";
import type { Lab } from "#harness/model/scenario";
import type { Claims, Given } from "#harness/vitest/scenario";
import declared from "./scenario.ts";

type Name = keyof typeof declared.topology.nodes;

export const system: ReplaySystem<Name> = {
  declared,
  etcd: "etcd-01",
  controlPlane: "k8s-master-01",
  workers: ["k8s-worker-21", "k8s-worker-22"],
};

export function claims(claim: Claims<Name>, given: Given<Name>): void {
  breakageClaims({ claim, given, system, kubespray: given((lab) => kubesprayOf(lab as Lab)) });
}
