import { tagged } from "#harness/inventory/servers";
import { Misdeclared } from "#harness/model/errors";
import type { Scenario } from "#harness/model/scenario";
import { softwareOf } from "#harness/model/software";
import type { NodeSpec, RouterNode, Topology } from "#harness/model/topology";
import { draft, interfaceName, interfaceSpecs, isHostAddress, readableSegments } from "./draft.ts";
import { common, contains, formatAddress, type Network, parseAddress, parseNetwork } from "./ipv4.ts";

/** Throws `Misdeclared` with every problem of the scenario at once. */
export function assertValid(scenario: Scenario): void {
  const problems = validate(scenario);
  if (problems.length > 0) throw new Misdeclared(`scenario ${JSON.stringify(scenario.id)}`, problems);
}

/** Every problem of the scenario that can be known before anything is raised, one sentence each; none when it is sound. */
export function validate(scenario: Scenario): readonly string[] {
  return [
    ...idProblems(scenario.id),
    ...topologyProblems(scenario.topology),
    ...clusterProblems(scenario),
    ...ownProblems(scenario),
  ];
}

/** Problems of the machines and the networks between them. */
export function topologyProblems(topology: Topology): readonly string[] {
  const networks = readableSegments(topology);
  return [
    ...segmentProblems(topology),
    ...overlaps([...networks].map(([name, network]) => ({ what: `segment ${name}`, network }))),
    ...Object.entries(topology.nodes).flatMap(([name, node]) => nodeProblems(name, node, topology, networks)),
    ...duplicateAddresses(topology),
    ...draft(topology).problems,
  ];
}

function idProblems(id: string): string[] {
  const word = "[a-z0-9]+(-[a-z0-9]+)*";
  if (new RegExp(`^${word}(\\+${word})?$`).test(id)) return [];
  return [
    `id ${JSON.stringify(id)} is not a slug: lower-case letters, digits and single hyphens, "+variant" at the end`,
  ];
}

/** Networks that no machine can have: this network, loopback, multicast and beyond (RFC 6890, RFC 1112). */
const unusable = ["0.0.0.0/8", "127.0.0.0/8", "224.0.0.0/3"].map((cidr) => parseNetwork(cidr) as Network);

function networkProblems(what: string, cidr: string): string[] {
  const network = parseNetwork(cidr);
  if (typeof network === "string") return [`${what}: ${network}`];
  return unusable
    .filter((never) => common(network, never))
    .map((never) => `${what}: ${cidr} meets ${never.cidr}, which no machine can use`);
}

function segmentProblems(topology: Topology): string[] {
  return Object.entries(topology.segments).flatMap(([name, cidr]) => {
    const network = parseNetwork(cidr);
    const small = typeof network !== "string" && network.prefix > 30;
    return [
      ...networkProblems(`segment ${name}`, cidr),
      ...(small ? [`segment ${name}: ${cidr} is too small: with less than a /30 it holds no two machines`] : []),
    ];
  });
}

interface Named {
  readonly what: string;
  readonly network: Network;
}

function overlaps(all: readonly Named[]): string[] {
  return all.flatMap((a, index) => all.slice(index + 1).flatMap((b) => overlap(a, b)));
}

function overlap(a: Named, b: Named): string[] {
  const both = common(a.network, b.network);
  if (!both) return [];
  const range = `${formatAddress(both.first)} to ${formatAddress(both.last)}`;
  return [`${a.what} ${a.network.cidr} and ${b.what} ${b.network.cidr} overlap: both have ${range}`];
}

function nodeProblems(name: string, node: NodeSpec, topology: Topology, networks: Map<string, Network>): string[] {
  const specs = interfaceSpecs(node);
  const problems = [
    ...machineNameProblems(name),
    ...(specs.length === 0 ? ["it is on no segment"] : []),
    ...specs.flatMap((spec, index) => [
      ...interfaceNameProblems(interfaceName(spec, index)),
      ...(Object.hasOwn(topology.segments, spec.segment) ? [] : [`segment ${spec.segment} is not declared`]),
      ...addressProblems(spec.address, spec.segment, networks.get(spec.segment)),
    ]),
    ...repeated(specs.map(interfaceName)).map((twice) => `two interfaces are called ${twice}`),
    ...repeated(specs.map((spec) => spec.segment)).map((twice) => `it is on segment ${twice} twice`),
    ...viaProblems(name, node, topology, networks),
    ...(node.routes ?? []).flatMap(({ to, via }) => [
      ...routeProblems(to),
      ...(onLink(node, via, networks) ? [] : [`route to ${to}: ${via} is not an address on a segment of its own`]),
    ]),
    ...repeated(routedNetworks(node, topology)).map((twice) => `two routes to ${twice}: the kernel takes one`),
    ...(node.role === "router" ? routerProblems(name, node, topology) : []),
    ...tagged({ name, address: "", tags: node.tags ?? [] }).problems,
  ];
  return problems.map((problem) => `node ${name}: ${problem}`);
}

/** Unlike a network of its own, a route may lead anywhere. */
function routeProblems(to: string): string[] {
  const network = parseNetwork(to);
  return typeof network === "string" ? [`route: ${network}`] : [];
}

/** Networks that it has a route to: by being on them, by its default route, by further routes. */
function routedNetworks(node: NodeSpec, { segments }: Topology): string[] {
  const own = new Set(interfaceSpecs(node).flatMap(({ segment }) => segments[segment] ?? []));
  return [...own, ...(node.via === undefined ? [] : ["0.0.0.0/0"]), ...(node.routes ?? []).map(({ to }) => to)];
}

/** Host names are RFC 1123 labels, as Kubernetes wants node names to be; 63 characters are also Linux's limit. */
function machineNameProblems(name: string): string[] {
  if (name === "fabric") return ["its name is taken: fabric is what holds the bridges of the segments"];
  if (name.length > 63) return [`its name has ${name.length} characters; a host name has at most 63`];
  if (/^[a-z0-9]([a-z0-9-]*[a-z0-9])?$/.test(name)) return [];
  return ["its name is not an RFC 1123 label: lower-case letters, digits and hyphens, no hyphen at either end"];
}

/** What Linux takes as an interface name (`dev_valid_name`, IFNAMSIZ 16 with the closing zero), lo apart. */
function interfaceNameProblems(name: string): string[] {
  if (name.length > 15) return [`interface ${name} has ${name.length} characters; Linux has at most 15`];
  if (/^[^\s/:]+$/.test(name) && !["lo", ".", "..", "all", "default"].includes(name)) return [];
  return [`interface ${JSON.stringify(name)} has a name that Linux does not take or has taken`];
}

function addressProblems(address: string | undefined, segment: string, network: Network | undefined): string[] {
  if (address === undefined) return [];
  const number = parseAddress(address);
  if (number === undefined) return [`${JSON.stringify(address)} is not an IPv4 address`];
  if (!network) return [];
  if (!contains(network, number)) return [`${address} is outside segment ${segment} ${network.cidr}`];
  if (isHostAddress(network, number)) return [];
  const kind = number === network.first ? "network" : "broadcast";
  return [`${address} is the ${kind} address of segment ${segment} ${network.cidr}`];
}

function viaProblems(name: string, node: NodeSpec, topology: Topology, networks: Map<string, Network>): string[] {
  const { via } = node;
  if (via === undefined) return [];
  if (parseAddress(via) !== undefined) {
    return onLink(node, via, networks) ? [] : [`its default route via ${via} leads to none of its segments`];
  }
  const gateway = topology.nodes[via];
  if (!gateway) return [`its default route via ${via}: there is no such machine`];
  if (via === name) return ["its default route leads to itself"];
  if (!meet(node, gateway)) return [`its default route via ${via}: they have no segment in common`];
  const forwards = gateway.role !== "host" || gateway.sysctls?.["net.ipv4.ip_forward"] === "1";
  return forwards
    ? []
    : [`its default route via ${via}: a host forwards nothing without the sysctl net.ipv4.ip_forward=1`];
}

const asNumberReservations = new Map([
  [0, "RFC 7607"],
  [23456, "AS_TRANS, RFC 6793"],
  [65535, "RFC 7300"],
  [4294967295, "RFC 7300"],
]);

function asProblems(as: number): string[] {
  const reserved = asNumberReservations.get(as);
  if (reserved) return [`AS ${as} is reserved (${reserved})`];
  if (Number.isInteger(as) && as >= 1 && as <= 4294967294) return [];
  return [`AS ${as} is out of range: a whole number from 1 to 4294967294`];
}

function routerProblems(name: string, node: RouterNode, topology: Topology): string[] {
  const peers = node.peers ?? [];
  return [
    ...asProblems(node.as),
    ...peers.flatMap((peer) => {
      const other = topology.nodes[peer.node];
      const problems = asProblems(peer.as);
      if (!other) problems.push("there is no such machine");
      else if (peer.node === name) problems.push("that is itself");
      else if (!meet(node, other)) problems.push("they have no segment in common");
      if (other?.role === "router" && other.as !== peer.as)
        problems.push(`it speaks for AS ${other.as}, not AS ${peer.as}`);
      return problems.map((problem) => `peer ${peer.node}: ${problem}`);
    }),
    ...repeated(peers.map((peer) => peer.node)).map((twice) => `it peers with ${twice} twice`),
  ];
}

function duplicateAddresses(topology: Topology): string[] {
  const owners = new Map<string, string[]>();
  for (const [name, node] of Object.entries(topology.nodes)) {
    for (const { segment, address } of interfaceSpecs(node)) {
      if (address === undefined) continue;
      const key = `${address} on segment ${segment}`;
      owners.set(key, [...(owners.get(key) ?? []), name]);
    }
  }
  return [...owners]
    .filter(([, names]) => names.length > 1)
    .map(([key, names]) => `${key} is claimed by ${list(names)}`);
}

function clusterProblems({ topology, cluster }: Scenario): string[] {
  const own = [
    { what: "pod network", cidr: cluster.podCidr },
    { what: "service network", cidr: cluster.serviceCidr },
    ...cluster.addons.flatMap((addon) =>
      (addon.networks ?? []).map(({ what, cidr }) => ({ what: `${what} (add-on ${addon.name})`, cidr })),
    ),
  ];
  const named = own.flatMap(({ what, cidr }): Named[] => {
    const network = parseNetwork(cidr);
    return typeof network === "string" ? [] : [{ what, network }];
  });
  const segments = [...readableSegments(topology)].map(([name, network]) => ({ what: `segment ${name}`, network }));
  const hasControlPlane = Object.values(topology.nodes).some((node) => node.role === "control-plane");
  return [
    ...(hasControlPlane ? [] : ["no machine has the role control-plane"]),
    ...own.flatMap(({ what, cidr }) => networkProblems(what, cidr)),
    ...serviceSizeProblems(parseNetwork(cluster.serviceCidr)),
    ...overlaps(named),
    ...named.flatMap((a) => segments.flatMap((b) => overlap(a, b))),
    ...wayToServicesProblems(topology, parseNetwork(cluster.serviceCidr)),
  ];
}

/** kube-proxy's rules turn a Service's address into a pod's only after the kernel has found a route to it. */
function wayToServicesProblems({ nodes }: Topology, services: Network | string): string[] {
  if (typeof services === "string") return [];
  const covers = ({ to }: { readonly to: string }) => {
    const network = parseNetwork(to);
    return typeof network !== "string" && contains(network, services.first) && contains(network, services.last);
  };
  return Object.entries(nodes)
    .filter(([, { role }]) => role === "control-plane" || role === "worker")
    .filter(([, { via, routes = [] }]) => via === undefined && !routes.some(covers))
    .map(
      ([name]) =>
        `node ${name}: it has no default route, and none to the service network: its kernel would send nothing to a Service's address`,
    );
}

/** kube-apiserver takes at most 20 host bits (--service-cluster-ip-range), kubeadm wants at least 10 addresses. */
function serviceSizeProblems(network: Network | string): string[] {
  if (typeof network === "string" || (network.prefix >= 12 && network.prefix <= 28)) return [];
  return [`service network: ${network.cidr} must be between a /12 and a /28`];
}

/** Software, provisioner and add-ons see the topology as far as it can be resolved, so that their problems come with the others. */
function ownProblems({ topology, cluster }: Scenario): string[] {
  const { topology: resolved } = draft(topology);
  const sound = topologyProblems(topology).length === 0;
  const told = (whose: string, problems: () => readonly string[] | undefined) => {
    try {
      return (problems() ?? []).map((problem) => `${whose}: ${problem}`);
    } catch (error) {
      if (sound) throw error;
      return [];
    }
  };
  const { provisioner, addons } = cluster;
  return [
    ...resolved.nodes.flatMap((node) => told(`node ${node.name}`, () => softwareOf(node)?.problems?.(node, resolved))),
    ...told(`provisioner ${provisioner.name}`, () => provisioner.problems?.(cluster, resolved)),
    ...addons.flatMap((addon) => told(`add-on ${addon.name}`, () => addon.problems?.(resolved, cluster))),
  ];
}

function onLink(node: NodeSpec, address: string, networks: Map<string, Network>): boolean {
  const number = parseAddress(address);
  if (number === undefined) return false;
  return interfaceSpecs(node).some(({ segment }) => {
    const network = networks.get(segment);
    return network !== undefined && isHostAddress(network, number);
  });
}

function meet(a: NodeSpec, b: NodeSpec): boolean {
  const segments = new Set(interfaceSpecs(a).map((spec) => spec.segment));
  return interfaceSpecs(b).some((spec) => segments.has(spec.segment));
}

function repeated(names: readonly string[]): string[] {
  return [...new Set(names.filter((name, index) => names.indexOf(name) !== index))];
}

function list(names: readonly string[]): string {
  return `${names.slice(0, -1).join(", ")} and ${names.at(-1)}`;
}
