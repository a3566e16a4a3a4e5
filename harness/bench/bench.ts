import type { Check, Probe } from "#harness/model/judging";
import type { Kube, KubeObject } from "#harness/model/kube";
import type { Lab, Scenario } from "#harness/model/scenario";
import type { Duration } from "#harness/model/units";
import type { UpgradeReport } from "#harness/model/upgrade";
import type { Stage } from "./stages.ts";

/** What `hardway bench` measures of a scenario. Default export of `scenarios/<id>/bench.ts`. */
export interface Bench {
  readonly scenario: Scenario;
  /** The same machines, with the same cluster made as people make it without us. */
  readonly baseline: Scenario;
  /** What the baseline is called, as the head of a column: "by hand"; and what is done there, in a sentence. */
  readonly baselineIs: { readonly title: string; readonly told: string };
  readonly firstPod?: {
    readonly objects: readonly KubeObject[];
    ready(kube: Kube): { readonly probe: Probe<unknown>; readonly check: Check<never> };
  };
  /** What is done in the lab once it is up: an upgrade, by us and as the baseline does it. */
  readonly upgrade?: {
    ours(lab: Lab): Promise<UpgradeReport>;
    baseline(lab: Lab): Promise<void>;
  };
  /** Names of the claims that inflict a fault, left out of the scenario's total. Without it the total is not measured. */
  readonly faultClaims?: RegExp;
  readonly aims: Readonly<Partial<Record<Stage, Aim>>>;
}

/** For our median: how long at most, or which share of another stage's. */
export type Aim = Duration | { readonly share: number; readonly of: Stage };
