import type { Feature } from "./features.ts";
import type { ImageSet } from "./images.ts";
import type { Check, Probe } from "./judging.ts";
import type { Kube, KubeObject } from "./kube.ts";
import type { Machine } from "./machines.ts";
import type { Run } from "./run.ts";
import type { ResolvedTopology } from "./topology.ts";
import type { Address, Cidr, Duration, Version } from "./units.ts";
import type { Releases, UpgradePath } from "./upgrade.ts";

/** One thing done on some machines, with a budget. */
export interface Step {
  /** Imperative, short: "kubeadm init". */
  readonly name: string;
  readonly on: readonly string[];
  readonly within: Duration;
  run(context: StepContext): Promise<void>;
  /** For someone who follows the build step by step: generated into the scenario's README. */
  readonly page?: StepPage;
}

/** A short page about a step. */
export interface StepPage {
  /** What it does and why, a few sentences. */
  readonly does: string;
  /** Commands worth typing once it is done, on machines of the lab. */
  readonly look: readonly { readonly on: string; readonly command: string; readonly shows: string }[];
  /** How the sentence begins of the claim that proves it. */
  readonly proof?: string;
}

export interface StepContext {
  readonly run: Run;
  readonly machine: (name: string) => Machine;
  readonly signal: AbortSignal;
  /** Tells whoever watches how far it is. */
  readonly note?: (text: string) => void;
  /** Tells of a part of the step that has ended. */
  readonly part?: (part: StepPart) => void;
}

/** What is done within a step by a program that takes it, as that names it: a task of a playbook. */
export interface StepPart {
  readonly name: string;
  /** The same for all that belong together: their play. */
  readonly group: string;
  /** In an order that is the same in every run: whoever ends first differs, and parts of runs are compared by it. */
  readonly on: readonly string[];
  /** Milliseconds of the epoch. */
  readonly from: number;
  readonly ms: number;
  /** Whether anything is otherwise by it. */
  readonly changed: boolean;
  readonly error?: string;
}

/** What to build on the machines. */
export interface ClusterRecipe {
  readonly kubernetes: Version;
  /** Where machines hold several releases of each part: which are used. `kubernetes` is then the same as above. */
  readonly releases?: Releases;
  /** What the machines are made of. */
  readonly images: ImageSet;
  readonly provisioner: Provisioner;
  /**
   * Who takes the provisioner's steps. Default: the lab, before the first claim. `claims`: they do, between one judgement
   * and the next; the lab rises to bare machines, or with `--until` to that step, and applies no add-on.
   */
  readonly builtBy?: "claims";
  readonly podCidr: Cidr;
  readonly serviceCidr: Cidr;
  readonly addons: readonly Addon[];
}

export interface Provisioner {
  readonly name: "by-hand" | "kubeadm" | "kubespray";
  /** Steps that end with an API server that answers and every node registered. Independent `on`s of neighbours may overlap where `parallel` says so. */
  plan(recipe: ClusterRecipe, topology: ResolvedTopology): readonly (Step | readonly Step[])[];
  /** Path of the admin kubeconfig on the first control plane. Works as soon as the API server is ready. */
  readonly adminKubeconfig: string;
  /** Its steps take longer than an API server may take to answer: the API is asked for after the last of them. */
  readonly answersAtEnd?: true;
  /**
   * Says by `Machine.whenReturned` how all that it makes goes from a machine again. Without it, it is not let near machines
   * that were there before the lab.
   */
  readonly leavesMachines?: true;
  /** Machines that become nodes of the cluster. Default: all with the role control-plane or worker. */
  nodes?(topology: ResolvedTopology): readonly string[];
  /** Where users reach the API, and the machine that they ask from. Default: the first control plane itself. */
  endpoint?(topology: ResolvedTopology): { readonly from: string; readonly host: Address; readonly port: number };
  /** Problems in its own settings, as sentences. Asked at load. */
  problems?(recipe: ClusterRecipe, topology: ResolvedTopology): readonly string[];
  readonly deviations?: readonly Deviation[];
  /** Further ones, that depend on what is built. */
  deviationsOf?(recipe: ClusterRecipe, topology: ResolvedTopology): readonly Deviation[];
  /** The steps of one hop of a path, by its index. Nothing is done at plan time. */
  upgrade?(
    path: UpgradePath,
    hop: number,
    recipe: ClusterRecipe,
    topology: ResolvedTopology,
  ): readonly (Step | readonly Step[])[];
}

/** Something done otherwise than upstream's defaults or manifests would, shown in every report. */
export interface Deviation {
  /** `lab`: only because this is a lab, on nested machines and in a hurry. `finding`: everyone with these versions needs it. */
  readonly kind: "lab" | "finding";
  /** What is different: "etcd runs with --unsafe-no-fsync". */
  readonly what: string;
  readonly because: string;
}

/** What is installed into a cluster through its API. */
export interface Addon {
  readonly name: string;
  readonly version: Version;
  readonly kind: "cni" | "load-balancer" | "dns" | "other";
  readonly needs: readonly Feature[];
  /** Networks that it takes for itself, e.g. a LoadBalancer pool; judged for overlaps at load. */
  readonly networks?: readonly { readonly what: string; readonly cidr: Cidr }[];
  /** Problems in its own settings, as sentences. Asked at load. */
  problems?(topology: ResolvedTopology, recipe: ClusterRecipe): readonly string[];
  readonly deviations?: readonly Deviation[];
  /** Nodes that it leaves out of the pod network. They stay NotReady, and only pods of their own network run there. */
  readonly leavesOut?: readonly string[];
  manifests(topology: ResolvedTopology, recipe: ClusterRecipe): readonly KubeObject[] | Promise<readonly KubeObject[]>;
  /** What must hold before claims are judged. */
  ready(
    kube: Kube,
    topology: ResolvedTopology,
    recipe: ClusterRecipe,
  ): readonly { readonly probe: Probe<unknown>; readonly check: Check<never> }[];
}
