import type { Shell } from "./machines.ts";
import type { Software } from "./software.ts";
import type { Address, Cidr } from "./units.ts";

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
 * A routing daemon, or several that work together, for a router node, and how to read its tables. Looking only: these
 * functions never judge, and throw `LabBroken` when the daemon does not answer.
 */
export interface RouterSoftware extends Software {
  /** Short and unique, e.g. `gobgp`, `frr`, `bird`. */
  readonly name: string;
  /** What `ip route` says its routes' protocol is. The originals' Quagga said `zebra`. */
  readonly routeProtocol: string;
  sessions(sh: Shell): Promise<BgpSession[]>;
  adjRibIn(sh: Shell): Promise<BgpPath[]>;
}
