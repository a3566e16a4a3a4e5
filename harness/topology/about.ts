import type { ResolvedNode, ResolvedTopology } from "#harness/model/topology";

const roles = { "control-plane": "control plane", worker: "worker", router: "router", host: "host" } as const;

/** What a picture says of a machine besides its name and addresses: role, AS number, software. */
export function about({ name, role, router, software }: ResolvedNode, { nodes }: ResolvedTopology): string[] {
  if (router) return [roles[role], `AS ${router.as}`, router.software.title];
  const spoken = nodes.flatMap((node) => node.router?.peers ?? []).filter((peer) => peer.node === name);
  return [roles[role], ...new Set(spoken.map((peer) => `AS ${peer.as}`)), ...(software ? [software.title] : [])];
}
