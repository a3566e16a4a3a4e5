import type { Wait } from "../model/judging.ts";
import type { ResolvedNode, ResolvedTopology } from "../model/topology.ts";
import type { Duration } from "../model/units.ts";
import { ms } from "./duration.ts";

type Made = Pick<ResolvedNode, "machine" | "pace">;

/** How much longer a VM takes than a container: an API server was ready after 10 s, in a container after 2.7 s. */
export const slower = 3;

/** By how much more time everything is given on these machines: what the slowest of them takes, 1 where all are containers. */
export const paceOf = (nodes: readonly Made[]): number =>
  Math.max(1, ...nodes.map(({ machine, pace }) => pace ?? (machine === "vm" ? slower : 1)));

/** A topology whose VMs take `pace` times as long as containers: what their emulator says of itself, if it says anything. */
export function paced(topology: ResolvedTopology, pace: number | undefined): ResolvedTopology {
  if (pace === undefined) return topology;
  return { ...topology, nodes: topology.nodes.map((node) => (node.machine === "vm" ? { ...node, pace } : node)) };
}

/** A time that is enough for containers, made enough for these machines. */
export const atPace = (nodes: readonly Made[], duration: Duration): Duration =>
  `${(paceOf(nodes) * ms(duration)) / 1000}s`;

/** A wait that is long enough for containers, made long enough at a pace. */
export function waitAtPace(pace: number, wait: Wait): Wait {
  if (pace === 1) return wait;
  return {
    name: `${wait.name}OnVms`,
    within: `${(pace * ms(wait.within)) / 1000}s`,
    because: `${wait.because}; VMs take ${pace} times as long`,
  };
}
