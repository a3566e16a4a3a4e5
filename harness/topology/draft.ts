import { createHash } from "node:crypto";
import type {
  InterfaceSpec,
  MachineKind,
  NodeSpec,
  ResolvedInterface,
  ResolvedNode,
  ResolvedTopology,
  Topology,
} from "#harness/model/topology";
import type { Address } from "#harness/model/units";
import { contains, formatAddress, type Network, parseAddress, parseNetwork } from "./ipv4.ts";

/** Derived addresses start here: below it, people put their routers and other fixed machines. */
const firstDerived = 10;

/** A topology resolved as far as its mistakes allow, and what could not be resolved. */
export interface Draft {
  readonly topology: ResolvedTopology;
  readonly problems: readonly string[];
}

/** Interfaces on unknown segments, unreadable networks and unknown neighbours are left out; exhausted segments are told. */
export function draft(topology: Topology, clusterOn: MachineKind = "container"): Draft {
  const problems: string[] = [];
  const networks = readableSegments(topology);
  const nodes = Object.entries(topology.nodes);
  const taken = new Map([...networks.keys()].map((segment) => [segment, new Set<number>()]));
  for (const [, node] of nodes) {
    for (const { segment, address } of interfaceSpecs(node)) {
      const number = address === undefined ? undefined : parseAddress(address);
      if (number !== undefined) taken.get(segment)?.add(number);
    }
  }

  const free = (segment: string, network: Network, node: string): Address | undefined => {
    const used = taken.get(segment) ?? new Set();
    for (let address = network.first + firstDerived; address < network.last; address++) {
      if (used.has(address)) continue;
      used.add(address);
      return formatAddress(address);
    }
    const from = `the first derived address is .${firstDerived}, the last ${formatAddress(network.last - 1)}`;
    problems.push(`segment ${segment}: ${network.cidr} has no address left for ${node}: ${from}`);
    return undefined;
  };

  const interfaces = new Map<string, readonly ResolvedInterface[]>();
  for (const [name, node] of nodes) {
    const resolved = interfaceSpecs(node).flatMap((spec, index): ResolvedInterface[] => {
      const network = networks.get(spec.segment);
      if (!network) return [];
      const address = spec.address ?? free(spec.segment, network, name);
      if (address === undefined) return [];
      return [
        {
          name: interfaceName(spec, index),
          segment: spec.segment,
          address,
          prefix: network.prefix,
          mac: macOf(name, index),
        },
      ];
    });
    interfaces.set(name, resolved);
  }

  const addressTowards = (from: string, to: string): Address | undefined => {
    const own = new Set(interfaces.get(from)?.map((i) => i.segment));
    return interfaces.get(to)?.find((i) => own.has(i.segment))?.address;
  };

  const resolvedNode = ([name, node]: [string, NodeSpec]): ResolvedNode => {
    const gateway =
      node.via === undefined || parseAddress(node.via) !== undefined ? node.via : addressTowards(name, node.via);
    const machine = node.machine ?? (isClustered(node) ? clusterOn : "container");
    return {
      name,
      ...(machine !== "container" && { machine }),
      role: node.role,
      interfaces: interfaces.get(name) ?? [],
      ...(gateway !== undefined && { gateway }),
      routes: (node.routes ?? []).map((route) => ({ ...route })),
      sysctls: { ...node.sysctls },
      labels: "labels" in node ? { ...node.labels } : {},
      ...(node.tags && { tags: [...node.tags] }),
      ...(node.role === "host" && node.software && { software: node.software }),
      ...(node.role === "router" && {
        router: {
          software: node.software,
          as: node.as,
          peers: (node.peers ?? []).flatMap((peer) => {
            const address = addressTowards(name, peer.node);
            return address === undefined ? [] : [{ ...peer, address }];
          }),
        },
      }),
    };
  };

  return {
    topology: {
      segments: [...networks].map(([name, { cidr }]) => ({ name, cidr })),
      nodes: nodes.map(resolvedNode),
    },
    problems,
  };
}

const isClustered = ({ role }: NodeSpec): boolean => role === "control-plane" || role === "worker";

/** The interfaces of a node in order; `"k8s"` is short for `{ segment: "k8s" }`. */
export function interfaceSpecs(node: NodeSpec): readonly InterfaceSpec[] {
  return node.on.map((on) => (typeof on === "string" ? { segment: on } : on));
}

export function interfaceName(spec: InterfaceSpec, index: number): string {
  return spec.name ?? `eth${index}`;
}

/** Segments whose CIDR can be read. */
export function readableSegments(topology: Topology): Map<string, Network> {
  const networks = Object.entries(topology.segments).map(([name, cidr]) => [name, parseNetwork(cidr)] as const);
  return new Map(networks.filter((entry): entry is readonly [string, Network] => typeof entry[1] !== "string"));
}

/** Whether an address may be a machine's: not the network's own, not its broadcast address (RFC 1122 §3.2.1.3). */
export function isHostAddress(network: Network, address: number): boolean {
  return contains(network, address) && address !== network.first && address !== network.last;
}

/** 02 in the first octet: unicast, locally administered (IEEE 802 §8.4). The rest is a digest, the same in every run. */
function macOf(node: string, index: number): string {
  const digest = createHash("sha256").update(`${node}/${index}`).digest();
  return [0x02, ...digest.subarray(0, 5)].map((byte) => byte.toString(16).padStart(2, "0")).join(":");
}
