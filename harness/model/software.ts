import type { Feature } from "./features.ts";
import type { ResolvedNode, ResolvedTopology } from "./topology.ts";
import type { FileTree } from "./units.ts";

/** Daemons that make a machine do its part: what to put on it, what to start, and what they tell of themselves. */
export interface Software {
  /** Reads aloud in reports, e.g. "HAProxy 2.6 with keepalived 2.2.7". */
  readonly title: string;
  readonly needs: readonly Feature[];
  /** Problems in its own settings, as sentences. Asked at load. */
  problems?(me: ResolvedNode, topology: ResolvedTopology): readonly string[];
  files(me: ResolvedNode, topology: ResolvedTopology): FileTree;
  /** systemd units, enabled and started in this order. */
  readonly units: readonly string[];
  /** Commands whose output is kept as evidence: its tables, its configuration, its log. */
  readonly tables: readonly string[];
}

/** What runs on a machine that is no machine of the cluster, if anything. */
export const softwareOf = ({ router, software }: ResolvedNode): Software | undefined => router?.software ?? software;
