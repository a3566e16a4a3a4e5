import { nameWithMachines, type PartTaken, type UpgradeReport } from "#harness/model/upgrade";
import { inventedRuns, paths } from "./invented.ts";

const plays = ["Prepare nodes for upgrade", "Install etcd", "Handle upgrades to control plane components first to maintain backwards compat."];
const tasksOfPlay = 500;
const masters = ["k8s-master-01", "k8s-master-02"];

/** The first hop of an invented run, taken by a playbook of 1500 tasks and more, one of which changes something now and then. */
export function byPlaybook(nth = 1): UpgradeReport {
  const { steps: _, ...run } = inventedRuns.kubeadm(nth);
  const hop = run.hops[0] ?? { from: 0, ms: 0 };
  const each = hop.ms / (plays.length * tasksOfPlay);
  const parts = plays.flatMap((group, play) =>
    Array.from({ length: tasksOfPlay }, (_, n): PartTaken => {
      const half = n < tasksOfPlay / 2 ? 0 : 1;
      return {
        name: n === 7 ? "kubernetes/control-plane : Kubeadm | Upgrade first control plane node to 1.35.4" : `role : task ${n}`,
        group,
        on: play === 2 ? masters.slice(half, half + 1) : masters,
        from: hop.from + (play * tasksOfPlay + n) * each,
        ms: each * 0.9,
        changed: n % 20 === 7,
      };
    }),
  );
  return {
    ...run,
    path: { ...paths.kubeadm, name: "kubespray", title: "kubespray, v2.30.0 to v2.31.0", provisioner: "kubespray", with: "v2.30.0" },
    steps: [{ hop: 0, name: "upgrade-cluster.yml of v2.31.0", on: masters, from: hop.from, ms: hop.ms, parts }],
    streams: run.streams.map((stream) => ({
      ...stream,
      outages: stream.outages.map((outage) => {
        if (outage.from >= hop.from + hop.ms) return outage;
        const before = parts.findLast(({ changed, from, ms }) => changed && from + ms <= outage.from);
        const within = parts.filter(({ changed, from }) => changed && from >= outage.from && from < outage.from + outage.ms);
        const named = [...(before ? [before] : []), ...within].map(nameWithMachines);
        return named.length > 0 ? { ...outage, parts: named } : outage;
      }),
    })),
  };
}
