import { collect, kubeEvidence, machineEvidence } from "#harness/evidence/collect";
import type { Kube } from "#harness/model/kube";
import type { Run } from "#harness/model/run";
import type { World } from "#harness/model/scenario";

/** Keeps the state of everything as it is now: machines, routers' tables, pods, events. Never throws. */
export async function explain(run: Run, world: World | undefined, kube: Kube | undefined): Promise<void> {
  const machines = Object.values(world?.nodes ?? {}).map(machineEvidence);
  await collect([...machines, ...(kube ? [kubeEvidence(kube)] : [])], { run });
}
