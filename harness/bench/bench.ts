import type { Check, Probe } from "#harness/model/judging";
import type { Kube, KubeObject } from "#harness/model/kube";
import type { Scenario } from "#harness/model/scenario";
import type { Duration } from "#harness/model/units";
import type { Stage } from "./stages.ts";

/** What `hardway bench` measures of a scenario. Default export of `scenarios/<id>/bench.ts`. */
export interface Bench {
  readonly scenario: Scenario;
  /** The same machines, with the same cluster made by hand. */
  readonly baseline: Scenario;
  readonly firstPod: {
    readonly objects: readonly KubeObject[];
    ready(kube: Kube): { readonly probe: Probe<unknown>; readonly check: Check<never> };
  };
  /** Names of the claims that inflict a fault. They are left out of the scenario's total. */
  readonly faultClaims: RegExp;
  readonly aims: Readonly<Partial<Record<Stage, Duration>>>;
}
