import type { Feature } from "./features.ts";
import type { Check, Probe } from "./judging.ts";
import type { Lab } from "./scenario.ts";

/** Something bad, done on purpose. */
export interface Fault {
  /** "power cut of k8s-node-02". */
  readonly name: string;
  readonly needs: readonly Feature[];
  inflict(lab: Lab): Promise<ActiveFault>;
}

/** A fault under way. `bite` proves that it struck; disposing heals and returns when healed. */
export interface ActiveFault extends AsyncDisposable {
  readonly bite: { readonly probe: Probe<unknown>; readonly check: Check<never> };
  /** Milliseconds of the epoch at which it struck. */
  readonly struckAt: number;
}
