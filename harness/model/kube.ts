import type { CommandResult } from "./machines.ts";
import type { Duration } from "./units.ts";

/** Any object of the Kubernetes API, as YAML would have it. */
export interface KubeObject {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: {
    readonly name: string;
    readonly namespace?: string;
    readonly labels?: Readonly<Record<string, string>>;
    readonly annotations?: Readonly<Record<string, string>>;
    readonly [more: string]: unknown;
  };
  readonly [more: string]: unknown;
}

/** Names an object, or a kind when `name` is absent. */
export interface KubeRef {
  readonly apiVersion: string;
  readonly kind: string;
  readonly namespace?: string;
  readonly name?: string;
}

/** The cluster's API, as its admin. Throws `LabBroken` when the API does not answer or refuses what it should take. */
export interface Kube {
  /** Server-side apply, field manager `hardway`; CRDs first and awaited, then namespaces, then the rest in order. */
  apply(objects: readonly KubeObject[]): Promise<void>;
  get<T extends KubeObject = KubeObject>(ref: KubeRef & { readonly name: string }): Promise<T | undefined>;
  list<T extends KubeObject = KubeObject>(ref: KubeRef, selector?: string): Promise<T[]>;
  patch(ref: KubeRef & { readonly name: string }, mergePatch: unknown): Promise<void>;
  /** Deletes and, unless `wait` is false, returns when the object is gone. Absent is fine. */
  remove(
    ref: KubeRef & { readonly name: string },
    options?: { readonly wait?: boolean; readonly graceSeconds?: number },
  ): Promise<void>;
  /** Runs a command in a container of a pod. The exit code is the caller's to judge. */
  exec(
    pod: { namespace: string; name: string; container?: string },
    command: readonly string[],
    options?: { readonly within?: Duration; readonly input?: string; readonly signal?: AbortSignal },
  ): Promise<CommandResult>;
  logs(pod: {
    namespace: string;
    name: string;
    container?: string;
    previous?: boolean;
    tailLines?: number;
  }): Promise<string>;
  /** Raw GET of a path such as `/readyz?verbose`. */
  raw(path: string): Promise<string>;
  /** A kubeconfig that works from this computer while the lab is up. */
  readonly kubeconfig: string;
}
