import type { ActiveFault, Fault } from "./faults.ts";
import type { Feature } from "./features.ts";
import type { Invariant } from "./judging.ts";
import type { Kube, KubeObject } from "./kube.ts";
import type { Fabric, Machine, Powered } from "./machines.ts";
import type { ClusterRecipe } from "./provision.ts";
import type { Run } from "./run.ts";
import type { ResolvedTopology, Topology } from "./topology.ts";

/** A system to raise and what it proves. Declared in `scenarios/<id>/scenario.ts`, without vitest, so that the CLI can raise it too. */
export interface Scenario<T extends Topology = Topology> {
  /** Folder name, with `+variant` where there are several: `metallb-bgp`, `metallb-bgp+frr`. */
  readonly id: string;
  /** One present-tense sentence: catalogue line and Allure story. */
  readonly proves: string;
  /** `core` runs with `npm test`; `nightly` only by name or with `npm run nightly`. */
  readonly tier: "core" | "nightly";
  /** Missing on this host → unsupported. What topology and add-ons need is added by itself. */
  readonly needs: readonly Feature[];
  readonly topology: T;
  readonly cluster: ClusterRecipe;
  readonly always?: readonly Invariant<World>[];
  /** Which packets of the segments are kept as evidence, in tcpdump's words, where all would be too many. Default: all. */
  readonly captured?: string;
}

/** The machines and the wires between them, before anything runs on them. */
export interface World<N extends string = string> {
  readonly run: Run;
  readonly topology: ResolvedTopology;
  readonly nodes: Readonly<Record<N, LabMachine>>;
  readonly fabric: Fabric;
}

/** What a claim is given: the system, up and ready. */
export interface Lab<N extends string = string> extends World<N> {
  readonly kube: Kube;
  /** Applies objects; disposing removes them again and waits until they are gone. */
  deploy(objects: readonly KubeObject[]): Promise<AsyncDisposable>;
  /** Inflicts a fault and returns once its bite is seen; disposing heals. */
  inflict(fault: Fault): Promise<ActiveFault>;
}

export type LabMachine = Machine & Powered;
