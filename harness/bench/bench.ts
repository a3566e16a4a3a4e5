import type { Check, Probe } from "#harness/model/judging";
import type { Kube, KubeObject } from "#harness/model/kube";
import type { Scenario } from "#harness/model/scenario";
import type { Duration } from "#harness/model/units";
import type { Stage } from "./stages.ts";

/** What `hardway bench` measures of a scenario. Default export of `scenarios/<id>/bench.ts`. */
export interface Bench {
  readonly scenario: Scenario;
  /** The same machines, with the same cluster made as people make it without us. */
  readonly baseline: Scenario;
  /** What the baseline is called, as the head of a column: "by hand"; and what is done there, in a sentence. */
  readonly baselineIs: { readonly title: string; readonly told: string };
  readonly firstPod: {
    readonly objects: readonly KubeObject[];
    ready(kube: Kube): { readonly probe: Probe<unknown>; readonly check: Check<never> };
  };
  /** Names of the claims that inflict a fault, left out of the scenario's total. Without it the total is not measured. */
  readonly faultClaims?: RegExp;
  readonly aims: Readonly<Partial<Record<Stage, Duration>>>;
}
