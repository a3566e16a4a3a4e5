import type { Outcome } from "./judging.ts";
import type { StepPart } from "./provision.ts";
import type { Lab } from "./scenario.ts";
import type { Version } from "./units.ts";

/** Parts of a cluster that have releases of their own. */
export type Component = "kubernetes" | "etcd" | "containerd" | "cni";

/** Which release of each part runs. */
export type Releases = Readonly<Record<Component, Version>>;

/** A way from what runs to what shall run: data, in `fixtures/upgrades/paths/`. */
export interface UpgradePath {
  /** Its file's name: `kubeadm-1.34-1.36`. */
  readonly name: string;
  /** One line for people: "kubeadm, 1.34 to 1.36, a node at a time, drained". */
  readonly title: string;
  readonly provisioner: "by-hand" | "kubeadm" | "kubespray";
  /** Of a provisioner that has releases of its own, as kubespray has: the tag, or another ref, that builds the cluster. */
  readonly with?: string;
  /** What the cluster is built with. */
  readonly from: Releases;
  readonly hops: readonly [Hop, ...Hop[]];
  /** How many workers are done at the same time; `surge` names a spare machine that joins first and leaves last, so that there are never fewer. */
  readonly workers: { readonly atOnce: number } | { readonly surge: string };
  /** Whether a node's pods are evicted before it is touched. */
  readonly drain: boolean;
  /** Variables that the provisioner is given for each hop: `{ drain_timeout: "60s" }`. */
  readonly variables?: Readonly<Record<string, string | number | boolean>>;
}

/** One stage of a path: what is there afterwards. What it does not name stays. */
export interface Hop {
  readonly to: Readonly<Partial<Releases>>;
  /** The provisioner's own release that takes the hop: a tag, or another ref. */
  readonly with?: string;
  /** Back to what ran before. Without it a hop that goes backwards is a mistake, and refused at load. */
  readonly rollback?: true;
  /** Of a rollback of etcd across minor versions. `enabled`: etcd's own downgrade is enabled first. `forced`: the binaries are swapped as they are. Default `enabled`. */
  readonly downgrade?: "enabled" | "forced";
  /** Flags that a component is given with the hop, as an operator's settings would: `{ etcd: { "quota-backend-bytes": "2G" } }`. */
  readonly settings?: Readonly<Record<string, Readonly<Record<string, string>>>>;
}

/** People and programs that use a cluster while something is done to it. */
export interface Users {
  /** Lets them begin, and returns once each was served: an outage is claimed only of what was there. Throws `LabBroken` naming who was not. */
  begin(lab: Lab): Promise<ActiveUsers>;
}

/** Disposing ends them too, and removes what they needed. */
export interface ActiveUsers extends AsyncDisposable {
  /** Milliseconds of the epoch, when all of them were served. */
  readonly began: number;
  /** Ends them and says what each felt. */
  end(): Promise<readonly StreamRecord[]>;
}

/** One request of a user. Milliseconds; `at` of the epoch. */
export interface Asked {
  /** When it was due. */
  readonly due: number;
  /** When it was begun. */
  readonly at: number;
  /** How long it took until its answer or its failure. */
  readonly ms: number;
  /** Why it failed: `refused`, `reset`, `timeout`, `http-503` … Absent: it was answered. */
  readonly error?: string;
}

/** What one user asked, over and over, while something was done to the cluster. */
export interface StreamRecord {
  /** Short and the same on every path: `api-read`, `load-balancer`. */
  readonly name: string;
  /** A noun: "GET of a ConfigMap through the load balancer, over a connection that is kept". */
  readonly what: string;
  /** From which machine, and inside which pod if any: "client-01", "a pod on k8s-node-01". */
  readonly from: string;
  readonly everyMs: number;
  /** By `at`. */
  readonly asked: readonly Asked[];
  /** What only this kind of user can tell: `{ acknowledged: 4711, lost: 0 }` of a ledger, `{ resumed: 2, missed: 0 }` of a watch. */
  readonly counts?: Readonly<Record<string, number>>;
  /** Why `counts` lacks what had to be looked at afterwards, as the `lost` of a ledger. Absent: it lacks nothing. */
  readonly uncounted?: string;
}

/**
 * So many requests in a row without an answer are a silence, at 10 ms a tenth of a second. Fewer say little: an answer
 * may take that long on a busy computer, and nobody is less patient.
 */
export const silentBeats = 10;

/** A stretch of time, in milliseconds since the users began. */
export interface Span {
  readonly from: number;
  readonly ms: number;
}

/**
 * A stretch in which a user was not served: requests failed, or no answer came although requests were begun.
 */
export interface StreamOutage extends Span {
  readonly failed: number;
  readonly errors: Readonly<Record<string, number>>;
  /** The steps during which it was, by name, with their machines: "upgrade kubelet on k8s-node-02". Empty: none. */
  readonly during: readonly string[];
  /**
   * Of steps that tell their parts, what may have caused it, in the order in which they began: the last part that had changed something
   * in the 15 s before it, and those that were under way and changed something or took a tenth of a second. Absent: none.
   */
  readonly parts?: readonly string[];
}

export interface Latency {
  /** Answered requests. */
  readonly answered: number;
  /** Milliseconds. `null` where nothing was answered. */
  readonly p50: number | null;
  readonly p99: number | null;
  /** The longest stretch without any answer, outages included. */
  readonly longestSilence: number;
}

/** What one user felt. */
export interface StreamReport
  extends Pick<StreamRecord, "name" | "what" | "from" | "everyMs" | "counts" | "uncounted"> {
  readonly requests: number;
  readonly failed: number;
  readonly outages: readonly StreamOutage[];
  /** Sum of the outages' lengths. */
  readonly outMs: number;
  /** Of the longest. */
  readonly longestOutMs: number;
  readonly errors: Readonly<Record<string, number>>;
  readonly latency: { readonly before: Latency; readonly during: Latency; readonly after: Latency };
  /** The probe's own error: by how much requests were begun late. An outage is known no better than this plus `everyMs`. */
  readonly probe: { readonly lateP99: number; readonly lateMax: number };
}

/** A step as it was taken. */
export interface StepTaken extends Span {
  readonly hop: number;
  readonly name: string;
  readonly on: readonly string[];
  readonly error?: string;
  /** In the order in which they ended, of a step whose program tells them. */
  readonly parts?: readonly PartTaken[];
}

/** A part of a step as it was done. */
export interface PartTaken extends Span, Pick<StepPart, "name" | "group" | "on" | "changed" | "error"> {}

/** A step, or a part of one, with its machines where its name does not tell them: "upgrade kubelet on k8s-node-02". */
export function nameWithMachines({ name, on }: Pick<StepTaken, "name" | "on">): string {
  const untold = on.filter((machine) => !name.includes(machine));
  return untold.length === 0 ? name : `${name} on ${untold.join(", ")}`;
}

export interface HopTaken extends Span {
  /** "kubernetes 1.34.4 → 1.35.4". */
  readonly title: string;
  /** `refused`: the tool said no before it changed anything. `failed`: a step did not end well, or in time. `skipped`: one before it did not. */
  readonly ended: "done" | "refused" | "failed" | "skipped";
  /** Which step, and what it said. */
  readonly because?: string;
}

/** Something that is not as it was. */
export interface Change {
  /** What kind of thing: `version`, `flag`, `feature-gate`, `api`, `crd`, `certificate`, `rules`, `route`, `image`, `default`; `unseen` for what could not be looked at. */
  readonly kind: string;
  /** Where: a machine, several ("k8s-node-01, k8s-node-02"), or "cluster". */
  readonly on: string;
  /** "kube-apiserver --anonymous-auth". */
  readonly what: string;
  /** Absent: was not there. */
  readonly before?: string;
  /** Absent: is gone. */
  readonly after?: string;
}

/** What is known beforehand. */
export interface Forecast {
  /** `stops`: the hop will fail. `breaks`: something that works will not. `changes`: worth knowing. */
  readonly severity: "stops" | "breaks" | "changes";
  /** Which hop, from 0. */
  readonly hop: number;
  /** `deprecated-api`, `version-skew`, `certificate`, `setting`, `crd`, `drain`; `unseen` for what could not be looked at. */
  readonly kind: string;
  /** Whole sentence: what, where, and what to do. */
  readonly says: string;
}

/** All that taking a path told. Written as `upgrade.json` into the run's folder; what `hardway compare` reads. */
export interface UpgradeReport {
  readonly format: 1;
  readonly path: UpgradePath;
  readonly run: string;
  readonly scenario: string;
  /** Milliseconds of the epoch: when the users began. */
  readonly at: number;
  readonly hops: readonly HopTaken[];
  readonly steps: readonly StepTaken[];
  readonly phases: { readonly before: Span; readonly during: Span; readonly after: Span };
  readonly streams: readonly StreamReport[];
  /** Absent where the cluster could not be looked at afterwards. */
  readonly changes?: readonly Change[];
  readonly forecasts: readonly Forecast[];
  /** By how much the machines' clocks may differ, in milliseconds. */
  readonly clockErrorMs: number;
  /** Of the time of all steps, what was not spent in commands on machines, in milliseconds: the harness's own. */
  readonly overheadMs: number;
  /** What the lab ran on: cores, load. */
  readonly computer: Readonly<Record<string, string | number>>;
  /** How claims about it ended; where it is absent, the run's journal tells. */
  readonly verdicts?: readonly { readonly claim: string; readonly outcome: Outcome }[];
}
