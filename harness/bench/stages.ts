import type { Evidence, StepDone } from "#harness/model/evidence";

/** What is measured, in the order in which it happens. */
export const stages = {
  bootstrap: "bootstrap, nothing to do",
  artifacts: "artifacts, all in the cache",
  images: "machine image and store, all there",
  preparations: "sweep, survey, artifacts, images: a fresh process",
  machines: "machines up",
  api: "API server answers",
  nodes: "every node Ready with CNI",
  system: "add-ons ready",
  firstPod: "first pod Ready, from apply",
  upgrade: "the upgrade, all hops",
  upgradeOwn: "of which no command on a machine did its work",
  teardown: "teardown",
  pairs: "every kind of packet between all pairs of 8 pods",
  scenario: "whole scenario without fault claims",
  coldArtifacts: "artifacts, nothing in the cache",
  coldImages: "machine image and store, nothing there",
} as const;

export type Stage = keyof typeof stages;

/** Milliseconds per stage, and per step of the provisioner: `step etcd`. */
export type Times = Readonly<Partial<Record<Stage | `step ${string}`, number>>>;

/** The measurement's name in the journal. */
export const firstPodReady = "first pod Ready";

/** The same, of one look at all pairs of so many pods. */
export const pairMatrix = (pods: number): string => `pair matrix of ${pods} pods`;

/**
 * What a journal tells of a lab's stages. `api`, `nodes` and `system` count from the moment when the machines began to
 * rise; everything else counts by itself, a step that several machines have by the slowest. What the journal does not
 * hold is left out.
 */
export function timesOf(journal: readonly Evidence[], steps: readonly string[] = []): Times {
  const all = journal.filter((entry) => entry.kind === "step-done");
  const prepare = all.filter(({ step }) => step.startsWith("prepare: "));
  const undo = all.filter(({ step }) => step.startsWith("undo: "));
  const boot = all.filter((entry) => !prepare.includes(entry) && !undo.includes(entry));
  const named = (name: string) => boot.find(({ step }) => step === name);
  const raised = named("raise machines");
  const measured = (name: string) =>
    journal.flatMap((entry) => (entry.kind === "measured" && entry.name === name ? [entry.value] : []))[0];
  const ended = journal.find(({ kind }) => kind === "run-ended");
  const began = raised && raised.at - raised.ms;
  const since = (from: number | undefined, entry: StepDone | undefined) =>
    from === undefined || !entry ? undefined : entry.at - from;
  const slowest = (name: string) => Math.max(...boot.filter(({ step }) => step === name).map(({ ms }) => ms));
  const times = {
    ...Object.fromEntries(steps.filter(named).map((name) => [`step ${name}`, slowest(name)])),
    preparations: prepare.length > 0 ? prepare.reduce((sum, { ms }) => sum + ms, 0) : undefined,
    machines: raised?.ms,
    api: since(began, named("API server answers")),
    nodes: since(began, named("every node Ready")),
    // What is done in a lab that is up, such as an upgrade, is journalled as steps too.
    system: since(
      began,
      boot.findLast(({ step }) => / ready$/i.test(step)),
    ),
    firstPod: measured(firstPodReady),
    pairs: measured(pairMatrix(8)),
    teardown: since(ended?.at, undo.at(-1)),
  };
  return Object.fromEntries(Object.entries(times).filter(([, value]) => value !== undefined));
}
