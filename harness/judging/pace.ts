import type { Wait } from "../model/judging.ts";
import type { ResolvedNode } from "../model/topology.ts";
import type { Duration } from "../model/units.ts";
import { ms } from "./duration.ts";

type Made = Pick<ResolvedNode, "machine">;

/** How much longer a VM takes than a container: an API server was ready after 10 s, in a container after 2.7 s. */
export const slower = 3;

const hasVm = (nodes: readonly Made[]): boolean => nodes.some(({ machine }) => machine === "vm");

/** A time that is enough for containers, made enough for these machines. */
export const atPace = (nodes: readonly Made[], duration: Duration): Duration =>
  hasVm(nodes) ? `${slower * ms(duration)}ms` : duration;

/** A wait that is long enough for containers, made long enough for these machines. */
export function waitAtPace(nodes: readonly Made[], wait: Wait): Wait {
  if (!hasVm(nodes)) return wait;
  return {
    name: `${wait.name}OnVms`,
    within: atPace(nodes, wait.within),
    because: `${wait.because}; VMs take ${slower} times as long`,
  };
}
