import type { Program } from "./artifacts.ts";
import type { FileTree } from "./units.ts";

/** Everything that is the same every time: baked once per version set, nothing of it fetched or unpacked while a lab rises. */
export interface ImageSet {
  /** `k8s-1.36.3`; a label of the machine image. */
  readonly name: string;
  /** The disk of every machine: cluster nodes, routers and hosts alike; roles start different units. */
  readonly machine: RootFs;
  /** In containerd's store of every machine before it boots. */
  readonly pods: readonly PodImage[];
}

/** A Debian root file system with programs and files laid over it. */
export interface RootFs {
  readonly name: string;
  readonly suite: "bookworm";
  readonly packages: readonly string[];
  /** Absolute path to program. */
  readonly programs: Readonly<Record<string, Program>>;
  readonly files: FileTree;
  /** systemd units that packages enable and that no machine may start by itself. */
  readonly disable: readonly string[];
  /** systemd units enabled on every machine. */
  readonly enable: readonly string[];
}

/** An image for pods, with the reference under which manifests name it. */
export interface PodImage {
  readonly ref: string;
  /** Without a base it is FROM scratch. */
  readonly base?: RootFs;
  readonly programs: Readonly<Record<string, Program>>;
  readonly files?: FileTree;
  readonly entrypoint: readonly string[];
  readonly cmd?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  readonly user?: string;
}
