import type { RouterSoftware } from "./routing.ts";
import type { Software } from "./software.ts";
import type { Address, Cidr } from "./units.ts";

/** Machines, the networks between them, and who routes. Names are the keys; a misspelt segment is a compile error. */
export interface Topology<S extends string = string, N extends string = string> {
  readonly segments: Readonly<Record<S, Cidr>>;
  readonly nodes: Readonly<Record<N, NodeSpec<S>>>;
}

export type NodeSpec<S extends string = string> = ClusterNode<S> | RouterNode<S> | HostNode<S>;

/** One interface. Interfaces are ordered as listed and called eth0, eth1 … unless `name` says otherwise. */
export interface InterfaceSpec<S extends string = string> {
  readonly segment: S;
  /** A fixed address in the segment; without it the first free one from .10 up, in order of declaration. */
  readonly address?: Address;
  readonly name?: string;
}

/**
 * What a machine is made of: a container shares this computer's kernel, a VM has one of its own. Both hang on the same
 * wires and have the same disk.
 */
export type MachineKind = "container" | "vm";

interface NodeBase<S extends string> {
  /** Default: a container; of a cluster's machines what the whole lab's are, see `#harness/run/choose`. */
  readonly machine?: MachineKind;
  readonly on: readonly (S | InterfaceSpec<S>)[];
  /** The default route: the name of a router on a common segment, or an address. */
  readonly via?: string;
  /** Further static routes, put in place when the machine is raised. */
  readonly routes?: readonly { readonly to: Cidr; readonly via: Address }[];
  readonly sysctls?: Readonly<Record<string, string>>;
  /** What it is for, as a cloud's tags say it: see `#harness/inventory/servers`. Its role needs none. */
  readonly tags?: readonly string[];
}

/** A machine of the cluster. */
export interface ClusterNode<S extends string = string> extends NodeBase<S> {
  readonly role: "control-plane" | "worker";
  /** Node labels, as `kubectl label` would set them. */
  readonly labels?: Readonly<Record<string, string>>;
}

/** A machine that forwards and speaks BGP. */
export interface RouterNode<S extends string = string> extends NodeBase<S> {
  readonly role: "router";
  readonly software: RouterSoftware;
  /** Its own AS number, 1 to 4294967294. */
  readonly as: number;
  /** Those it peers with: machine names, and the AS that they speak for. */
  readonly peers?: readonly { readonly node: string; readonly as: number }[];
}

/** Any other machine: a client, a bastion, a load balancer made by the scenario. */
export interface HostNode<S extends string = string> extends NodeBase<S> {
  readonly role: "host";
  readonly software?: Software;
}

/** A topology with every name turned into an address. Made by `#harness/topology/resolve`, frozen. */
export interface ResolvedTopology {
  readonly segments: readonly ResolvedSegment[];
  readonly nodes: readonly ResolvedNode[];
}

export interface ResolvedSegment {
  readonly name: string;
  readonly cidr: Cidr;
}

export interface ResolvedNode {
  readonly name: string;
  /** Default: a container. */
  readonly machine?: MachineKind;
  /** By how much longer everything takes on it than in a container, if that is known. */
  readonly pace?: number;
  readonly role: NodeSpec["role"];
  readonly interfaces: readonly ResolvedInterface[];
  /** Gateway of the default route, if any. */
  readonly gateway?: Address;
  readonly routes: readonly { readonly to: Cidr; readonly via: Address }[];
  readonly sysctls: Readonly<Record<string, string>>;
  readonly labels: Readonly<Record<string, string>>;
  readonly tags?: readonly string[];
  /** Of a host, if it has any. */
  readonly software?: Software;
  readonly router?: {
    readonly software: RouterSoftware;
    readonly as: number;
    readonly peers: readonly { readonly node: string; readonly as: number; readonly address: Address }[];
  };
}

export interface ResolvedInterface {
  readonly name: string;
  readonly segment: string;
  readonly address: Address;
  /** Prefix length of the segment. */
  readonly prefix: number;
  /** Locally administered, derived from node and interface index, stable between runs. */
  readonly mac: string;
}
