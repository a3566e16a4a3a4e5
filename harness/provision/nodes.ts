import type { ClusterRecipe } from "../model/provision.ts";
import type { ResolvedTopology } from "../model/topology.ts";

/** The machines that become nodes of the cluster. */
export function nodeNames({ provisioner }: ClusterRecipe, topology: ResolvedTopology): readonly string[] {
  const members = topology.nodes.filter(({ role }) => role === "control-plane" || role === "worker");
  return provisioner.nodes?.(topology) ?? members.map(({ name }) => name);
}

/** The nodes of the pod network: those that become Ready. */
export function networkedNodes(recipe: ClusterRecipe, topology: ResolvedTopology): readonly string[] {
  const out = new Set(recipe.addons.flatMap(({ leavesOut = [] }) => leavesOut));
  return nodeNames(recipe, topology).filter((name) => !out.has(name));
}
