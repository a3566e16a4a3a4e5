import { Misdeclared } from "#harness/model/errors";
import type { MachineKind, ResolvedTopology, Topology } from "#harness/model/topology";
import { draft } from "./draft.ts";
import { topologyProblems } from "./validate.ts";

/**
 * Turns every name into an address, and freezes the result. Interfaces are called eth0, eth1 … unless named; an
 * address that is not given is the first free one from .10 up, in order of declaration, whatever is fixed later.
 * Machines of the cluster are `clusterOn` unless they say otherwise. Throws `Misdeclared` with every problem of the topology.
 */
export function resolve(topology: Topology, clusterOn: MachineKind = "container"): ResolvedTopology {
  const problems = topologyProblems(topology);
  if (problems.length > 0) throw new Misdeclared("the topology", problems);
  return frozen(draft(topology, clusterOn).topology);
}

/** Freezes all the way down, but for software: that is a fixture's own. */
function frozen<T>(value: T): T {
  if (typeof value !== "object" || value === null) return value;
  for (const [key, part] of Object.entries(value)) if (key !== "software") frozen(part);
  return Object.freeze(value);
}
