import type { Feature } from "./features.ts";
import type { Check, Probe } from "./judging.ts";
import type { Lab } from "./scenario.ts";

/** Something bad, done on purpose. */
export interface Fault {
  /** "power cut of k8s-node-02". */
  readonly name: string;
  readonly needs: readonly Feature[];
  /** The proof that it struck, asked before it strikes. An absence is looked at beforehand, so that it has a presence. */
  bite(lab: Lab): Promise<Bite>;
  /** Strikes. Disposing heals, and returns when healed. */
  inflict(lab: Lab): Promise<AsyncDisposable>;
}

export interface Bite<T = unknown> {
  readonly probe: Probe<T>;
  readonly check: Check<T>;
}

/** A fault under way. */
export interface ActiveFault extends AsyncDisposable {
  /** Milliseconds of the epoch right before it struck. */
  readonly struckAt: number;
}
