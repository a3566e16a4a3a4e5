import { runEnded } from "#harness/evidence/listeners";
import { judge } from "#harness/judging/judge";
import { worst } from "#harness/judging/outcome";
import { paceOf } from "#harness/judging/pace";
import { within } from "#harness/judging/within";
import { LabBroken, Misdeclared, reasonOf } from "#harness/model/errors";
import type { RunFacts, StepDone } from "#harness/model/evidence";
import type { Fault } from "#harness/model/faults";
import type { Invariant, Outcome } from "#harness/model/judging";
import type { Kube, KubeObject, KubeRef } from "#harness/model/kube";
import type { MachineBackend, Prepared } from "#harness/model/machines";
import type { Progress } from "#harness/model/progress";
import type { Lab, Scenario, World } from "#harness/model/scenario";
import type { MachineKind, ResolvedTopology, Topology } from "#harness/model/topology";
import type { Duration } from "#harness/model/units";
import { pictureSvg, pictureText } from "#harness/topology/picture";
import { assertValid } from "#harness/topology/validate";
import { everyBackend, forcedMachines } from "./backends.ts";
import { boot } from "./boot.ts";
import { type Backends, chooseMachines } from "./choose.ts";
import { createRun, type OwnedRun } from "./create.ts";
import { explain } from "./explain.ts";
import { onInterrupt } from "./interrupt.ts";
import { keepRun } from "./registry.ts";
import { sweepScratch } from "./scratch.ts";
import { startWatches, type Watches, worldOf } from "./watches.ts";

export interface RaiseOptions {
  readonly progress: Progress;
  /** Where machines may come from, the preferred first. */
  readonly backends?: Backends;
  /** Of what kind the cluster's machines must be. Default `HARDWAY_MACHINES`, or else the first that has what is needed. */
  readonly machines?: MachineKind;
  /** Stop after this provisioning step and leave the rest undone: the lab then has machines, but no ready cluster. */
  readonly until?: string;
  /** Ends the preparations. Once machines rise, the run listens for interruptions itself. */
  readonly signal?: AbortSignal;
}

type Judge = ReturnType<typeof judge>;

/** A lab that is up. Whoever raised it must `lower` it. */
export interface UpLab<N extends string = string> {
  readonly run: OwnedRun;
  /** By how much longer everything may take on its machines, see `paceOf`. */
  readonly pace: number;
  /** The lab and the judge for one claim: what is judged through them is journalled under its name. `signal` ends its waits. */
  claim(
    test: string,
    options?: { readonly patience?: Duration; readonly signal?: AbortSignal },
  ): { readonly lab: Lab<N> } & Judge;
  /** Judges an invariant over all that was seen since the machines came up. Throws like a claim. */
  always(invariant: Invariant<World>): Promise<void>;
  /** Keeps what explains a red or broken claim, within its own budget. Never throws. */
  explain(): Promise<void>;
  /** Ends the run: removes the machines unless `keep`, and the captures where everything conforms. */
  lower(end: RunEnd): Promise<void>;
}

interface RunEnd {
  readonly outcome: Outcome;
  readonly because?: string;
  readonly keep?: boolean;
}

/**
 * From a declaration to a system that is up and ready: validate, sweep, survey, prepare, raise, provision, add-ons.
 * Throws `Misdeclared` or `Unsupported` before anything is raised, and `LabBroken` when it did not come up: evidence is
 * then in the run's folder, and nothing is left behind.
 */
export async function raiseLab<T extends Topology>(
  scenario: Scenario<T>,
  { progress, backends = everyBackend(), machines = forcedMachines(), until, signal }: RaiseOptions,
): Promise<UpLab<keyof T["nodes"] & string>> {
  assertValid(scenario);
  const preparations: StepDone[] = [];
  const timed = async <P>(step: string, work: Promise<P>): Promise<P> => {
    const began = Date.now();
    const result = await work;
    preparations.push({ kind: "step-done", at: Date.now(), step, on: [], ms: Date.now() - began });
    return result;
  };
  for (const sweep of [...backends.map(([, backend]) => backend.sweep), async () => sweepScratch()])
    for (const swept of await timed("prepare: sweep", sweep())) progress.begin(swept).done();
  const choosing = chooseMachines(scenario, backends, { forced: machines, progress });
  const { backend, topology } = await timed("prepare: survey", choosing);
  const { images } = scenario.cluster;
  const prepared = await timed("prepare: artifacts and images", backend.prepare(images, progress, signal));
  signal?.throwIfAborted();

  const run = createRun({ scenario: scenario.id });
  const { journal } = run;
  const interruptible = onInterrupt(run);
  journal.write({
    kind: "run-started",
    at: Date.now(),
    scenario: scenario.id,
    run: run.id,
    proves: scenario.proves,
    facts: factsOf(scenario, topology, backend, prepared),
  });
  for (const preparation of preparations) journal.write(preparation);
  journal.attach("topology.svg", pictureSvg(topology));
  journal.attach("topology.txt", pictureText(topology));

  let world: World | undefined;
  let kube: Kube | undefined;
  let watches: Watches | undefined;
  let conforms = false;
  const pace = paceOf(topology.nodes);
  const up: UpLab = {
    run,
    pace,
    claim(test, { signal: over, ...options } = {}) {
      const signal = over ? AbortSignal.any([run.signal, over]) : run.signal;
      const judging = judge({ journal, test, signal, folder: run.folder, pace, ...options });
      return { ...judging, lab: labOf(need(world), need(kube), judging) };
    },
    async always(invariant) {
      const { always } = judge({
        journal,
        test: `always: ${invariant.claim}`,
        signal: run.signal,
        folder: run.folder,
        pace,
      });
      await always(need(watches).probeOf(invariant), invariant.check);
    },
    explain: () => explain(run, world, kube),
    async lower(end) {
      const { outcome, because, keep } = ending(end, run.signal);
      conforms = outcome === "conforms";
      journal.write({ kind: "run-ended", at: Date.now(), outcome, ...(because !== undefined && { because }) });
      try {
        try {
          if (keep) keepRun(run.id);
        } catch (cause) {
          await run.end();
          throw new LabBroken("the lab could not be kept, so it was taken down", { seen: reasonOf(cause), cause });
        }
        await run.end({ keep });
      } finally {
        interruptible[Symbol.dispose]();
        await runEnded(run.folder);
      }
    },
  };
  try {
    const began = Date.now();
    const raised = await backend.raise(topology, prepared, run, progress);
    const budget = backend.name === "ssh" ? within.machineReturned : within.undo;
    run.defer("machines", async () => raised[Symbol.asyncDispose](), { budget });
    run.defer("connections to machines", async () => raised.letGo?.(), { evenIfKept: true });
    const on = topology.nodes.map((node) => node.name);
    journal.write({ kind: "step-done", at: Date.now(), step: "raise machines", on, ms: Date.now() - began });
    world = worldOf(run, topology, raised);
    const watching = await startWatches(world, scenario.always ?? [], scenario.captured);
    watches = watching;
    run.defer("captures", () => watching.stop({ discard: conforms }), { evenIfKept: true });
    kube = await boot(scenario, world, progress, until);
    return up as UpLab<keyof T["nodes"] & string>;
  } catch (cause) {
    await up.explain();
    const because = reasonOf(cause);
    await up.lower({ outcome: "broken", because });
    if (cause instanceof LabBroken || cause instanceof Misdeclared) throw cause;
    throw new LabBroken("the lab did not come up", { who: scenario.id, seen: because, look: run.folder, cause });
  }
}

/** However it went until then, an interrupted run is not judged to its end, so it does not conform; and it is never kept. */
export function ending({ outcome, because, keep = false }: RunEnd, signal: AbortSignal): RunEnd & { keep: boolean } {
  if (!signal.aborted) return { outcome, keep, ...(because !== undefined && { because }) };
  return { outcome: worst(outcome, "broken"), because: `interrupted by ${signal.reason}`, keep: false };
}

function factsOf(
  { cluster }: Scenario,
  topology: ResolvedTopology,
  backend: MachineBackend,
  { artifacts, deviations: ofMachines = [] }: Prepared,
): RunFacts & Readonly<Record<string, unknown>> {
  return {
    kubernetes: cluster.kubernetes,
    provisioner: cluster.provisioner.name,
    addons: cluster.addons.map(({ name, version }) => ({ name, version })),
    routers: topology.nodes.flatMap((node) =>
      node.router ? [{ node: node.name, as: node.router.as, software: node.router.software.title }] : [],
    ),
    machines: backend.name,
    images: cluster.images.name,
    topology,
    artifacts: artifacts.map(({ program: { name, version }, sha256, provider, from, refusals }) => ({
      name,
      version,
      sha256,
      provider,
      refusals,
      ...(from !== undefined && { from }),
    })),
    deviations: [
      { name: "machines", deviations: ofMachines },
      cluster.provisioner,
      { name: cluster.provisioner.name, deviations: cluster.provisioner.deviationsOf?.(cluster, topology) ?? [] },
      ...cluster.addons,
    ].flatMap(({ name, deviations = [] }) => deviations.map((deviation) => ({ of: name, ...deviation }))),
  };
}

function labOf(world: World, kube: Kube, { reaches, once }: Judge): Lab {
  return {
    ...world,
    kube,
    async deploy(objects: readonly KubeObject[]) {
      await kube.apply(objects);
      return {
        async [Symbol.asyncDispose]() {
          await Promise.all(objects.map((object) => kube.remove(refOf(object))));
        },
      };
    },
    async inflict(fault: Fault) {
      const tell = (phase: "inflicted" | "bitten" | "healed") =>
        world.run.journal.write({ kind: "fault-phase", at: Date.now(), fault: fault.name, phase });
      const { probe, check } = await fault.bite(this);
      if (check.absenceOf) await once(probe, check.absenceOf);
      const struckAt = Date.now();
      const active = await fault.inflict(this);
      tell("inflicted");
      const heal = async () => {
        await active[Symbol.asyncDispose]();
        tell("healed");
      };
      try {
        await reaches(probe, check, within.faultBites);
      } catch (cause) {
        await heal();
        throw new LabBroken(`the fault "${fault.name}" did not strike`, { cause, look: world.run.folder });
      }
      tell("bitten");
      return { struckAt, [Symbol.asyncDispose]: heal };
    },
  };
}

function refOf({ apiVersion, kind, metadata: { name, namespace } }: KubeObject): KubeRef & { readonly name: string } {
  return { apiVersion, kind, name, ...(namespace !== undefined && { namespace }) };
}

function need<T>(value: T | undefined): T {
  if (value === undefined) throw new LabBroken("the lab is not up", { look: "it was raised with --until, or failed" });
  return value;
}
