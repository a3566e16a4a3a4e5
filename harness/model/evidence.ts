import type { Artifact } from "./artifacts.ts";
import type { Outcome, Verdict } from "./judging.ts";
import type { Deviation } from "./provision.ts";
import type { ResolvedTopology } from "./topology.ts";
import type { Version } from "./units.ts";

/** Everything that a journal holds, tagged by `kind`. `at` is milliseconds of the epoch. */
export type Evidence =
  | RunStarted
  | RunEnded
  | StepDone
  | TaskRan
  | CommandRan
  | Observed
  | FaultPhase
  | Judged
  | ClaimEnded
  | Measured
  | Attached;

export interface RunStarted {
  readonly kind: "run-started";
  readonly at: number;
  readonly scenario: string;
  readonly run: string;
  readonly proves: string;
  /** Versions, topology, artifacts with their providers: what a reader needs to repeat it. */
  readonly facts: Readonly<Record<string, unknown>>;
}

/** What the harness puts into `facts`. Reports read it as partial: a journal may be of another version. */
export interface RunFacts {
  readonly kubernetes: Version;
  readonly provisioner: string;
  readonly addons: readonly { readonly name: string; readonly version: Version }[];
  readonly routers: readonly { readonly node: string; readonly as: number; readonly software: string }[];
  /** The backend's name. */
  readonly machines: string;
  /** The image set's name. */
  readonly images: string;
  readonly topology: ResolvedTopology;
  readonly artifacts: readonly Provenance[];
  readonly deviations: readonly (Deviation & { readonly of: string })[];
}

/** Where a program came from, and who did not provide it. */
export type Provenance = { readonly name: string; readonly version: Version } & Pick<
  Artifact,
  "sha256" | "provider" | "from" | "refusals"
>;

export interface RunEnded {
  readonly kind: "run-ended";
  readonly at: number;
  readonly outcome: Outcome;
  readonly because?: string;
}

export interface StepDone {
  readonly kind: "step-done";
  readonly at: number;
  readonly step: string;
  readonly on: readonly string[];
  readonly ms: number;
  readonly error?: string;
}

/** What became of a task on a host. */
export type TaskEnd = "ok" | "changed" | "failed" | "skipped" | "unreachable";

/** A task of a playbook, on all its hosts. */
export interface TaskRan {
  readonly kind: "task-ran";
  /** When it began. */
  readonly at: number;
  readonly ms: number;
  readonly playbook: string;
  readonly play: string;
  /** With its role before it: "kubernetes/preinstall : Stop if swap enabled". */
  readonly task: string;
  /** Names of hosts, by what became of it there. */
  readonly hosts: Readonly<Partial<Record<TaskEnd, readonly string[]>>>;
  /** What it said where it failed, secrets masked. A failure may be ignored, or be mended by the playbook itself. */
  readonly error?: string;
}

export interface CommandRan {
  readonly kind: "command-ran";
  readonly at: number;
  readonly machine: string;
  readonly command: string;
  readonly exitCode: number;
  readonly ms: number;
  /** Shortened to 4 KiB each. */
  readonly stdout: string;
  readonly stderr: string;
}

/**
 * What a probe saw. The first of equal consecutive sightings is written as it comes; the ones that follow it are written
 * as one more entry, at the time of the last of them, with `times` for how many they are.
 */
export interface Observed {
  readonly kind: "observed";
  /** When the look began. */
  readonly at: number;
  readonly probe: string;
  /** How long the look took. */
  readonly ms: number;
  /** Neither `seen` nor `unseen` means that the probe saw `undefined`: it looked and there was nothing. */
  readonly seen?: unknown;
  readonly unseen?: string;
  /** How many sightings this entry stands for. Absent means one. */
  readonly times?: number;
  /** Which judgement it was made for: the number that its verdict bears too. */
  readonly judgement?: number;
}

export interface FaultPhase {
  readonly kind: "fault-phase";
  readonly at: number;
  readonly fault: string;
  readonly phase: "inflicted" | "bitten" | "healed";
}

/** A verdict, with enough to judge again: the check's registered name and arguments, and which sightings it was given. */
export interface Judged {
  readonly kind: "judged";
  readonly at: number;
  readonly test: string;
  readonly probe: string;
  readonly claim: string;
  readonly mode: "reaches" | "holds" | "always" | "once";
  readonly check: { readonly name: string; readonly args: unknown };
  /** When the judgement began. */
  readonly since: number;
  /** Its number in the run. The sightings that bear it, and no others, were judged. */
  readonly judgement?: number;
  readonly verdict: Verdict | { readonly is: "unseen"; readonly because: string };
  readonly outcome: Outcome;
}

/** How a claim ended, all its verdicts and whatever else happened in it taken together. */
export interface ClaimEnded {
  readonly kind: "claim-ended";
  readonly at: number;
  readonly test: string;
  readonly outcome: Outcome;
  /** Why it is not `conforms`. */
  readonly because?: string;
}

/** A number worth comparing between runs: convergence, loss, flows moved. */
export interface Measured {
  readonly kind: "measured";
  readonly at: number;
  readonly test: string;
  readonly name: string;
  readonly value: number;
  readonly unit: "ms" | "requests" | "flows" | "packets" | "tasks" | "share";
  readonly detail?: unknown;
}

export interface Attached {
  readonly kind: "attached";
  readonly at: number;
  readonly name: string;
  /** Relative to the run's folder. */
  readonly file: string;
}
