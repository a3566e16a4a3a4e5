import type { ResolvedNode } from "#harness/model/topology";

/** What a machine says of its own network: `ip -j address`, `ip -j route`, and the sysctls that the topology names. */
export interface OwnNetwork {
  readonly links: readonly {
    readonly ifname: string;
    readonly addr_info: readonly { readonly family: string; readonly local: string; readonly prefixlen: number }[];
  }[];
  readonly routes: readonly { readonly dst: string; readonly gateway?: string }[];
  readonly sysctls: Readonly<Record<string, string>>;
}

/**
 * Where a machine that exists already is not what the topology says, one sentence each. Its addresses, routes and sysctls
 * are its owner's: the lab changes none of them.
 */
export function fitProblems(node: ResolvedNode, { links, routes, sysctls }: OwnNetwork): string[] {
  const addresses = links.flatMap(({ ifname, addr_info }) =>
    addr_info.filter(({ family }) => family === "inet").map(({ local, prefixlen }) => ({ ifname, local, prefixlen })),
  );
  const has = addresses
    .filter(({ ifname }) => ifname !== "lo")
    .map(({ ifname, local, prefixlen }) => `${ifname} ${local}/${prefixlen}`)
    .join(", ");
  const routed = (to: string, via: string) => routes.some(({ dst, gateway }) => dst === to && gateway === via);
  const problems = [
    ...node.interfaces.flatMap(({ name, address, prefix }) => {
      const own = addresses.find(({ local }) => local === address);
      if (!own) return [`${address} is none of its addresses: it has ${has || "none"}`];
      return [
        ...(own.ifname === name
          ? []
          : [`${address} is on its ${own.ifname}, not ${name}: name the interface in the topology`]),
        ...(own.prefixlen === prefix ? [] : [`${address} has /${own.prefixlen} there, the segment has /${prefix}`]),
      ];
    }),
    ...(node.gateway === undefined || routed("default", node.gateway)
      ? []
      : [`its default route does not lead via ${node.gateway}`]),
    ...node.routes
      .filter(({ to, via }) => !routed(to, via))
      .map(({ to, via }) => `it has no route to ${to} via ${via}`),
    ...Object.entries(node.sysctls)
      .filter(([key, value]) => sysctls[key] !== value)
      .map(([key, value]) => `sysctl ${key} is ${sysctls[key] ?? "not there"}, the topology says ${value}`),
  ];
  return problems.map((problem) => `${node.name}: ${problem}`);
}
