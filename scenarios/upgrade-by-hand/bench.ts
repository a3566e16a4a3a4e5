import { useRelease } from "#fixtures/images/releases";
import { layout } from "#fixtures/provisioners/by-hand/layout";
import { upgradeLab } from "#fixtures/upgrades/lab";
import path from "#fixtures/upgrades/paths/by-hand-1.35-1.36";
import { takeInLab } from "#fixtures/upgrades/take";
import type { Bench } from "#harness/bench/bench";
import type { Lab } from "#harness/model/scenario";

const scenario = upgradeLab("upgrade-by-hand", path);
const [{ to }] = path.hops;
const use = useRelease("kubernetes", to.kubernetes);
const kubectl = `kubectl --kubeconfig ${layout.admin}`;

/** One script a machine, as an operator would write it, and nobody at work. */
async function byScript({ nodes, topology }: Lab): Promise<void> {
  const masters = topology.nodes.filter(({ role }) => role === "control-plane").map(({ name }) => nodes[name]);
  for (const master of masters)
    await master?.sh(
      `${use} && systemctl restart kube-apiserver && until curl -sfk https://127.0.0.1:6443/readyz; do sleep 0.5; done && systemctl restart kube-controller-manager kube-scheduler`,
    );
  for (const { name } of topology.nodes.filter(({ role }) => role === "worker")) {
    const [admin, worker] = [masters[0], nodes[name]];
    await admin?.sh(`${kubectl} drain ${name} --ignore-daemonsets --delete-emptydir-data`, { within: "120s" });
    await worker?.sh(`${use} && systemctl restart kubelet kube-proxy`);
    await admin?.sh(
      `until ${kubectl} get node ${name} | grep -q ' v${to.kubernetes}'; do sleep 0.5; done; ${kubectl} wait --for=condition=Ready node/${name} && ${kubectl} uncordon ${name}`,
      { within: "120s" },
    );
  }
}

export default {
  scenario,
  baseline: { ...scenario, id: `${scenario.id}+script` },
  baselineIs: {
    title: "a script",
    told: "the same hop as one shell script a machine does it, drained, waiting for each node to be Ready and for nothing else, with no users at work",
  },
  upgrade: { ours: (lab) => takeInLab(lab, scenario, path), baseline: byScript },
  aims: { upgradeOwn: { share: 0.15, of: "upgrade" } },
} satisfies Bench;
