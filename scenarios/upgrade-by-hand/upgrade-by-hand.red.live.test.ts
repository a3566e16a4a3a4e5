import { running, runsAll } from "#fixtures/checks/upgrade";
import { type Ending, upgradeClaims } from "#fixtures/claims/upgrade";
import { type UpgradeMachine, upgradeLab } from "#fixtures/upgrades/lab";
import { takeInLab } from "#fixtures/upgrades/take";
import { within } from "#harness/judging/within";
import { reddened } from "#harness/vitest/reddened";
import type { Given } from "#harness/vitest/scenario";
import { breakages, path } from "./breakages.ts";

const declared = upgradeLab("upgrade-by-hand+red", path);

/** What claims share, until the next one is broken: the path is taken anew for each. */
const shared = new Map<unknown, Promise<unknown>>();
const anew: Given<UpgradeMachine> = (raise) => (lab) => {
  if (!shared.has(raise)) shared.set(raise, raise(lab));
  return shared.get(raise) as ReturnType<typeof raise>;
};

reddened(
  declared,
  (claim) => {
    const endings: readonly (Ending | undefined)[] = [
      undefined,
      { ended: "refused", says: "etcd does not come back" },
      { ended: "failed", says: "etcd", foreseen: ["setting", "quota-backend-bytes"] },
    ];
    const take: typeof takeInLab = (lab, scenario, path) => takeInLab(lab, scenario, path, { quiet: "5s" });
    for (const ending of endings)
      upgradeClaims(
        claim,
        anew,
        { declared, path, take },
        {
          within: "5m",
          ...(ending ? { ending } : { away: { "api-read": "2s", "load-balancer": "1s", "pod-across": "1s" } }),
        },
      );
  },
  {
    async sound({ lab, reaches }) {
      shared.clear();
      const masters = (["k8s-master-01", "k8s-master-02", "k8s-master-03"] as const).map((name) => lab.nodes[name]);
      const kubeconfig = declared.cluster.provisioner.adminKubeconfig;
      const nodes = lab.topology.nodes.filter(({ role }) => role === "worker").length;
      const { kubernetes, containerd } = path.from;
      await reaches(running(lab.kube, masters, kubeconfig), runsAll(kubernetes, containerd, nodes), within.nodeReady);
    },
    breakages,
  },
);
