import type { ClusterRecipe } from "../model/provision.ts";
import type { ResolvedTopology } from "../model/topology.ts";

/** The machines that become nodes of the cluster. */
export function nodeNames({ provisioner }: ClusterRecipe, topology: ResolvedTopology): readonly string[] {
  const members = topology.nodes.filter(({ role }) => role === "control-plane" || role === "worker");
  return provisioner.nodes?.(topology) ?? members.map(({ name }) => name);
}
