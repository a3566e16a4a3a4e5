import type { Feature } from "./features.ts";
import type { Shell } from "./machines.ts";
import type { ResolvedNode, ResolvedTopology } from "./topology.ts";
import type { Address, Cidr, FileTree } from "./units.ts";

/** States of the BGP finite state machine (RFC 4271 §8.2.2). */
export type BgpState = "idle" | "connect" | "active" | "opensent" | "openconfirm" | "established";

/** One BGP session as the router sees it. */
export interface BgpSession {
  readonly peer: Address;
  readonly peerAs: number;
  readonly state: BgpState;
  /** Negotiated hold time in seconds; absent while not established. */
  readonly holdTime?: number;
  /** Seconds since it was established; absent while not established. */
  readonly uptime?: number;
}

/** One path in a router's adj-RIB-in: what a peer announced, before any decision. */
export interface BgpPath {
  readonly prefix: Cidr;
  readonly nextHop: Address;
  /** The peer that sent it. */
  readonly from: Address;
  readonly asPath: readonly number[];
}

/** One route of a kernel table, as `ip -j route` tells it. */
export interface KernelRoute {
  readonly prefix: Cidr;
  /** The name of rtnetlink's protocol: bgp, bird, zebra, kernel, static … */
  readonly protocol: string;
  readonly metric?: number;
  readonly nextHops: readonly NextHop[];
}

export interface NextHop {
  readonly via?: Address;
  readonly dev: string;
  readonly weight: number;
}

/**
 * A routing daemon, or several that work together, for a router node: what to put on the machine, what to start, and
 * how to read its tables. Looking only: these functions never judge, and throw `LabBroken` when the daemon does not
 * answer.
 */
export interface RouterSoftware {
  /** Short and unique, e.g. `gobgp`, `frr`, `bird`. */
  readonly name: string;
  /** Reads aloud in reports, e.g. "GoBGP 4.8.0 with zebra of FRR 8.4.4". */
  readonly title: string;
  readonly needs: readonly Feature[];
  /** What `ip route` says its routes' protocol is. The originals' Quagga said `zebra`. */
  readonly routeProtocol: string;
  files(me: ResolvedNode, topology: ResolvedTopology): FileTree;
  /** systemd units, started in this order, stopped in the reverse. */
  readonly units: readonly string[];
  sessions(sh: Shell): Promise<BgpSession[]>;
  adjRibIn(sh: Shell): Promise<BgpPath[]>;
  /** Commands whose output is kept as evidence: its tables, its configuration, its log. */
  readonly tables: readonly string[];
}
