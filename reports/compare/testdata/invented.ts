import type { Change, HopTaken, StepTaken, StreamOutage, StreamReport, UpgradePath, UpgradeReport } from "#harness/model/upgrade";

/** What an invented run is like. */
export interface Invention {
  readonly path: UpgradePath;
  readonly run: string;
  /** Numbers that are random follow from it. */
  readonly seed: number;
  /** How much longer steps take than by hand. Default 1. */
  readonly slow?: number;
  /** How much longer outages are. Default 1. */
  readonly rough?: number;
  /** The hop that does not end well. */
  readonly stops?: { readonly hop: number; readonly ended: "refused" | "failed"; readonly because: string };
}

const users = [
  ["api-read", "GET of a ConfigMap through the load balancer, over a connection that is kept", "client-01", "control plane"],
  ["api-write", "PUT of a ConfigMap through the load balancer", "client-01", "control plane"],
  ["watch", "watch of a ConfigMap that is written 100 times a second", "client-01", "control plane"],
  ["pod-same-node", "GET of a pod's neighbour on its node", "a pod on k8s-node-01", "worker k8s-node-01"],
  ["pod-across", "GET of a pod on another node", "a pod on k8s-node-01", "worker"],
  ["cluster-ip", "GET of a Service's ClusterIP", "a pod on k8s-node-02", "worker"],
  ["node-port", "GET of a NodePort on k8s-node-03", "client-01", "worker k8s-node-03"],
  ["load-balancer", "GET of the Service's LoadBalancer address, each over a connection of its own", "client-01", "worker"],
  ["dns", "A record of a Service, asked of the cluster's DNS", "a pod on k8s-node-03", "worker"],
  ["exec", "lines that a command in a pod prints, over kubectl exec", "client-01", "worker k8s-node-02"],
  ["logs", "lines of a pod's log, followed", "client-01", "worker k8s-node-02"],
  ["tcp-load-balancer", "echo over one TCP connection to the LoadBalancer address", "client-01", "worker k8s-node-01"],
  ["tcp-pod", "echo over one TCP connection between pods", "a pod on k8s-node-01", "cni"],
  ["ledger", "writes to a ledger, each acknowledged", "client-01", "worker k8s-node-03"],
] as const;

const masters = ["k8s-master-01", "k8s-master-02", "k8s-master-03"];
const nodes = ["k8s-node-01", "k8s-node-02", "k8s-node-03"];

/** A plausible report, with nothing in it that was measured. */
export function invented({ path, run, seed, slow = 1, rough = 1, stops }: Invention): UpgradeReport {
  const random = randomFrom(seed);
  const spread = (value: number) => value * (0.9 + 0.2 * random());
  const steps: StepTaken[] = [];
  const hops: HopTaken[] = [];
  let now = 15_000;
  for (const [hop, { to }] of path.hops.entries()) {
    const from = now;
    const title = Object.entries(to)
      .map(([component, version]) => `${component} → ${version}`)
      .join(", ");
    if (hops.some(({ ended }) => ended !== "done")) {
      hops.push({ title, from, ms: 0, ended: "skipped" });
      continue;
    }
    const stopsHere = stops?.hop === hop ? stops : undefined;
    const take = (name: string, on: string, ms: number, error?: string) => {
      const took = Math.round(spread(ms * slow));
      steps.push({ hop, name, on: [on], from: now, ms: took, ...(error !== undefined && { error }) });
      now += took + 40;
    };
    if (stopsHere) take(`control plane on ${masters[0]}`, masters[0] ?? "", 2_400, stopsHere.because);
    else {
      if (to.etcd) for (const on of masters) take(`etcd on ${on}`, on, 4_000);
      if (to.kubernetes) for (const on of masters) take(`control plane on ${on}`, on, 9_000);
      if (to.cni) take("cni", masters[0] ?? "", 6_000);
      for (const on of nodes) take(`worker ${on}`, on, path.drain ? 14_000 : 4_000);
    }
    const ended = stopsHere ? { ended: stopsHere.ended, because: stopsHere.because } : ({ ended: "done" } as const);
    hops.push({ title, from, ms: now - from, ...ended });
  }
  const during = { from: 15_000, ms: now - 15_000 };
  const phases = { before: { from: 0, ms: 15_000 }, during, after: { from: now, ms: 15_000 } };

  const streams = users.map(([name, what, from, hurtBy]): StreamReport => {
    const outages = steps
      .filter((step) => step.name.startsWith(hurtBy) && random() < 0.7)
      .map((step): StreamOutage => {
        const ms = Math.round(spread(hurtBy === "control plane" ? 120 : path.drain ? 240 : 900) * rough);
        const failed = Math.ceil(ms / 40);
        const refused = Math.floor(failed / 3);
        return {
          from: Math.round(step.from + step.ms * random() * 0.8),
          ms,
          failed,
          errors: { timeout: failed - refused, ...(refused > 0 && { refused }) },
          during: [step.name],
        };
      });
    const sum = (of: (outage: StreamOutage) => number) => outages.reduce((total, outage) => total + of(outage), 0);
    const errors: Record<string, number> = {};
    for (const outage of outages)
      for (const [kind, count] of Object.entries(outage.errors)) errors[kind] = (errors[kind] ?? 0) + count;
    const latency = (ms: number, factor: number) => ({
      answered: Math.round(ms / 10) - sum(({ failed }) => failed),
      p50: Math.round(spread(1.2 * factor) * 100) / 100,
      p99: Math.round(spread(6 * factor) * 100) / 100,
      longestSilence: Math.max(12, ...outages.map((outage) => outage.ms)),
    });
    return {
      name,
      what,
      from,
      everyMs: 10,
      requests: Math.round((now + 15_000) / 10),
      failed: sum(({ failed }) => failed),
      outages,
      outMs: sum(({ ms }) => ms),
      longestOutMs: Math.max(0, ...outages.map(({ ms }) => ms)),
      errors,
      latency: { before: latency(15_000, 1), during: latency(during.ms, 1.8), after: latency(15_000, 1.05) },
      probe: { lateP99: Math.round(spread(2) * 10) / 10, lateMax: Math.round(spread(9) * 10) / 10 },
      ...(name === "ledger" && { counts: { acknowledged: Math.round((now + 15_000) / 12), lost: 0 } }),
      ...(name === "watch" && { counts: { resumed: outages.length, missed: 0 } }),
    };
  });

  return {
    format: 1,
    path,
    run,
    scenario: `upgrade-${path.provisioner}`,
    at: Date.UTC(2026, 10, 21, 1, seed),
    hops,
    steps,
    phases,
    streams,
    changes: changesOf(path, hops, seed),
    forecasts: [
      ...(stops?.ended === "refused"
        ? [
            {
              severity: "stops" as const,
              hop: stops.hop,
              kind: "version-skew",
              says: "kubeadm upgrades by one minor version at a time; go by way of 1.35 first.",
            },
          ]
        : []),
      {
        severity: "changes",
        hop: 0,
        kind: "certificate",
        says: "Every certificate of the control planes is renewed by the upgrade, among them apiserver.crt not after.",
      },
      {
        severity: "breaks",
        hop: 0,
        kind: "deprecated-api",
        says: "Kubernetes 1.35.4 does not serve storage.k8s.io/v1alpha1 volumeattributesclasses (gone since 1.35), used by VolumeAttributesClass fast, written by kubectl: let them ask for a newer version of it first.",
      },
    ],
    clockErrorMs: 0,
    overheadMs: Math.round(during.ms * 0.06),
    computer: { cores: 2, cpu: "an invented one", memoryGiB: 24, loadBefore: 0.7 },
    verdicts: [
      {
        claim: "the LoadBalancer address never stays away longer than 1 s",
        outcome: streams.some(({ name, longestOutMs }) => name === "load-balancer" && longestOutMs > 1_000)
          ? "violates"
          : "conforms",
      },
      { claim: "no acknowledged write is lost", outcome: "conforms" },
    ],
  };
}

function changesOf({ provisioner, drain }: UpgradePath, hops: readonly HopTaken[], seed: number): Change[] {
  if (!hops.some(({ ended }) => ended === "done")) return [];
  return [
    ...[masters.join(", "), ...nodes].map((on) => ({ kind: "version", on, what: "kubelet", before: "1.34.4", after: "1.36.3" })),
    ...masters.map((on) => ({
      kind: "certificate",
      on,
      what: "apiserver.crt not after",
      before: "2027-11-21T00:00:00Z",
      after: `2027-11-21T01:0${seed % 10}:00Z`,
    })),
    ...masters.flatMap((on) =>
      provisioner === "kubeadm" ? [{ kind: "flag", on, what: "kube-apiserver --feature-gates", after: "A=true" }] : [],
    ),
    {
      kind: "api",
      on: "cluster",
      what: "storage.k8s.io/v1alpha1 volumeattributesclasses",
      before: "served as VolumeAttributesClass; used by fast",
    },
    ...nodes.map((on) => ({ kind: "rules", on, what: "iptables rules in nat", before: "84", after: drain ? "86" : "91" })),
  ];
}

/** Numbers from 0 to 1, always the same ones: mulberry32. */
function randomFrom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

const from = { kubernetes: "1.34.4", etcd: "3.5.27", containerd: "2.2.9", cni: "0.28.4" } as const;
const twoHops: UpgradePath["hops"] = [{ to: { etcd: "3.6.16", kubernetes: "1.35.4" } }, { to: { kubernetes: "1.36.3" } }];

export const paths = {
  kubeadm: {
    name: "kubeadm-1.34-1.36",
    title: "kubeadm, 1.34 to 1.35 to 1.36 with etcd 3.5 to 3.6 first, a node at a time, drained",
    provisioner: "kubeadm",
    from,
    hops: twoHops,
    workers: { atOnce: 1 },
    drain: true,
  },
  byHand: {
    name: "by-hand-1.34-1.36",
    title: "by hand, 1.34 to 1.35 to 1.36 with etcd 3.5 to 3.6 first, a node at a time, not drained",
    provisioner: "by-hand",
    from,
    hops: twoHops,
    workers: { atOnce: 1 },
    drain: false,
  },
  skip: {
    name: "kubeadm-skip",
    title: "kubeadm, 1.34 to 1.36 at once",
    provisioner: "kubeadm",
    from,
    hops: [{ to: { kubernetes: "1.36.3" } }],
    workers: { atOnce: 1 },
    drain: true,
  },
} as const satisfies Record<string, UpgradePath>;

const refusal = "kubeadm: this version of kubeadm only supports upgrades of one minor version at a time";

/** Nth run of each path. */
export const inventedRuns = {
  kubeadm: (nth = 1) =>
    invented({ path: paths.kubeadm, run: `20261121-01000${nth}-upgrade-kubeadm-aaa${nth}`, seed: nth, slow: 2.4 }),
  byHand: (nth = 1) =>
    invented({ path: paths.byHand, run: `20261121-02000${nth}-upgrade-by-hand-bbb${nth}`, seed: 100 + nth, rough: 1.3 }),
  skip: (nth = 1) =>
    invented({
      path: paths.skip,
      run: `20261121-03000${nth}-upgrade-kubeadm-ccc${nth}`,
      seed: 200 + nth,
      stops: { hop: 0, ended: "refused", because: refusal },
    }),
};
