import { defineCheck, met, unmet } from "#harness/judging/checks";
import { judge } from "#harness/judging/judge";
import { paceOf } from "#harness/judging/pace";
import { within } from "#harness/judging/within";
import { connect } from "#harness/kube/connect";
import { whenAsked } from "#harness/kube/when-asked";
import { forward } from "#harness/machines/forward";
import { LabBroken, reasonOf } from "#harness/model/errors";
import type { Kube, KubeObject } from "#harness/model/kube";
import type { Machine } from "#harness/model/machines";
import type { Progress } from "#harness/model/progress";
import type { Scenario, World } from "#harness/model/scenario";
import { type Software, softwareOf } from "#harness/model/software";
import type { ResolvedTopology } from "#harness/model/topology";
import { networkedNodes } from "#harness/provision/nodes";
import { runSteps } from "#harness/provision/run-steps";
import { unitsAsTheyWere } from "#harness/provision/units";

const isReady = defineCheck("apiServerReady", () => ({
  claim: "says it is ready",
  judge: (seen: string) => (seen === "ok" ? met : unmet("ok", seen || "no answer, or no kubeconfig yet")),
}));

type NodeObject = KubeObject & { status?: { conditions?: { type: string; status: string }[] } };

const areReady = defineCheck("nodesAreReady", (names: readonly string[]) => ({
  claim: `are Ready: ${names.join(", ")}`,
  judge(seen: readonly string[]) {
    const missing = names.filter((name) => !seen.includes(name));
    return missing.length === 0 ? met : unmet(names, { notReady: missing });
  },
}));

/** Names of the nodes that the cluster calls Ready. */
const readyNodes = (kube: Kube) => ({
  of: "nodes",
  look: async () =>
    (await kube.list<NodeObject>({ apiVersion: "v1", kind: "Node" }))
      .filter(({ status }) => status?.conditions?.some((c) => c.type === "Ready" && c.status === "True"))
      .map(({ metadata }) => metadata.name),
});

/** Daemons with their files, enabled and started; a machine that stays after the lab is told how they end. */
export async function start(software: Software, machine: Machine, topology: ResolvedTopology): Promise<void> {
  const { title, units } = software;
  await machine.whenReturned?.(title, (await machine.sh(unitsAsTheyWere(units))).stdout);
  await machine.put(software.files(machine.node, topology));
  await machine.sh("systemctl daemon-reload");
  for (const unit of units) await machine.sh(`systemctl enable --now ${unit}`);
}

/**
 * From machines to a system that is ready: their software, cluster and add-ons at once, each as early as it can. Returns the
 * cluster's API, or `undefined` when it stopped after the step `until`. Of a cluster that is built by claims only the
 * software is started.
 */
export async function boot(
  scenario: Scenario,
  world: World,
  progress: Progress,
  until: string | undefined,
): Promise<Kube | undefined> {
  const { cluster } = scenario;
  const { run, topology } = world;
  const failed = new AbortController();
  const signal = AbortSignal.any([run.signal, failed.signal]);
  const pace = paceOf(topology.nodes);
  const { reaches } = judge({ journal: run.journal, test: "boot", signal, folder: run.folder, pace });
  const machines = new Map<string, Machine>(Object.entries(world.nodes));

  const timed = async <T>(step: string, on: string, work: () => Promise<T>): Promise<T> => {
    const started = Date.now();
    const line = progress.begin(step, on);
    const tell = (error?: string) => {
      const at = Date.now();
      run.journal.write({ kind: "step-done", at, step, on: [on], ms: at - started, ...(error && { error }) });
    };
    try {
      const result = await work();
      line.done();
      tell();
      return result;
    } catch (cause) {
      const why = reasonOf(cause);
      line.failed(why.split("\n")[0] ?? why);
      tell(why);
      throw cause;
    }
  };

  const startSoftware = async (machine: Machine) => {
    const software = softwareOf(machine.node);
    if (!software) return;
    await timed(`start ${software.title}`, machine.name, () => start(software, machine, topology));
  };

  const first = machines.get(topology.nodes.find((node) => node.role === "control-plane")?.name ?? "");
  if (!first) throw new LabBroken("there is no control plane", { who: scenario.id });

  const admin = cluster.provisioner.adminKubeconfig;
  const { from, host, port } = cluster.provisioner.endpoint?.(topology) ?? {
    from: first.name,
    host: "127.0.0.1",
    port: 6443,
  };
  const user = machines.get(from);
  if (!user) throw new LabBroken("the API is to be reached from a machine that is not there", { who: from });

  const connected = async (): Promise<Kube> => {
    const { stdout: kubeconfig } = await first.sh(["cat", admin], { secret: true });
    const tunnel = await forward(user, host, port);
    run.defer("the API's forwarder", async () => tunnel[Symbol.asyncDispose](), { evenIfKept: true });
    return connect({ kubeconfig, server: `https://127.0.0.1:${tunnel.port}`, run, pace });
  };

  if (cluster.builtBy === "claims" && until === undefined) {
    await Promise.all([...machines.values()].map(startSoftware));
    return whenAsked(connected);
  }

  const reachApi = async (): Promise<Kube> => {
    const ask = `curl -sk --max-time 2 https://${host}:${port}/readyz`;
    const look = async () => {
      const { exitCode } = await first.sh(`test -s ${admin}`, { ok: "any" });
      return exitCode === 0 ? (await user.sh(ask, { ok: "any" })).stdout : "";
    };
    await reaches({ of: `API server at ${host} from ${from}`, look }, isReady(), within.apiAnswers);
    return connected();
  };

  const names = networkedNodes(cluster, topology);
  const allReady = async (kube: Kube) => void (await reaches(readyNodes(kube), areReady(names), within.clusterReady));

  const steps = runSteps(cluster.provisioner.plan(cluster, topology), {
    run,
    machines,
    progress,
    signal,
    ...(until !== undefined && { until }),
  });
  const built = cluster.provisioner.answersAtEnd ? steps : Promise.resolve();
  const api = until === undefined ? built.then(() => timed("API server answers", first.name, reachApi)) : undefined;
  const ready = api?.then((kube) => timed("every node Ready", first.name, () => allReady(kube)));
  const install = async (answering: Promise<Kube>): Promise<Kube> => {
    const kube = await answering;
    for (const addon of cluster.addons) {
      await timed(`apply ${addon.name} ${addon.version}`, first.name, async () =>
        kube.apply(await addon.manifests(topology, cluster)),
      );
    }
    return kube;
  };

  const software = Promise.all([...machines.values()].map(startSoftware));
  const installed = api && install(api);
  ready?.catch(() => {});
  try {
    await Promise.all([steps, software, installed]);
    const kube = await installed;
    if (!kube) return undefined;
    const addons = cluster.addons.map((addon) =>
      timed(`${addon.name} ${addon.version} ready`, first.name, async () => {
        for (const { probe, check } of addon.ready(kube, topology, cluster))
          await reaches(probe, check, within.addonReady);
      }),
    );
    await Promise.all([ready, ...addons]);
    return kube;
  } catch (cause) {
    failed.abort(cause);
    await Promise.allSettled([steps, software, installed, ready]);
    throw cause;
  }
}
