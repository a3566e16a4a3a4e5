import { Readable, Writable } from "node:stream";
import { Exec, KubeConfig, type V1Status } from "@kubernetes/client-node";
import { excerpt } from "../evidence/excerpt.ts";
import { ms } from "../judging/duration.ts";
import { within } from "../judging/within.ts";
import { LabBroken } from "../model/errors.ts";
import type { Wait } from "../model/judging.ts";
import type { Kube, KubeObject, KubeRef } from "../model/kube.ts";
import type { CommandResult } from "../model/machines.ts";
import type { Run } from "../model/run.ts";
import type { Duration } from "../model/units.ts";
import { credentials, redirected } from "./kubeconfig.ts";
import { type Answer, Rest } from "./rest.ts";

export interface Connection {
  /** The admin's kubeconfig as the control plane has it. */
  readonly kubeconfig: string;
  /** Where the API server is reached from this computer: `https://127.0.0.1:40213`. */
  readonly server: string;
  /** The name that its certificate is checked for. Default `kubernetes`, which every API server's certificate has. */
  readonly serverName?: string;
  readonly run: Pick<Run, "journal" | "signal">;
  /** By how much longer an answer is waited for, see `paceOf`. Default 1. */
  readonly pace?: number;
}

/** The API of a cluster that runs. Connects when first asked; disposing closes its connections. */
export function connect({
  kubeconfig,
  server,
  serverName = "kubernetes",
  run,
  pace = 1,
}: Connection): Kube & Disposable {
  return new Client(redirected(kubeconfig, server, serverName), run, pace);
}

interface ResourceKind {
  readonly kind: string;
  readonly name: string;
  readonly namespaced: boolean;
}

type Named = KubeRef & { readonly name: string };

class Client implements Kube, Disposable {
  readonly kubeconfig: string;
  readonly #run: Connection["run"];
  readonly #rest: Rest;
  readonly #exec: Exec;
  readonly #kinds = new Map<string, Promise<readonly ResourceKind[]>>();

  constructor(kubeconfig: string, run: Connection["run"], pace: number) {
    const config = new KubeConfig();
    config.loadFromString(kubeconfig);
    this.kubeconfig = kubeconfig;
    this.#run = run;
    this.#rest = new Rest(credentials(kubeconfig), run.signal, pace);
    this.#exec = new Exec(config);
  }

  [Symbol.dispose](): void {
    this.#rest[Symbol.dispose]();
  }

  async apply(objects: readonly KubeObject[]): Promise<void> {
    const {
      CustomResourceDefinition: definitions = [],
      Namespace: namespaces = [],
      rest = [],
    } = Object.groupBy(objects, ({ kind }) =>
      kind === "CustomResourceDefinition" || kind === "Namespace" ? kind : "rest",
    );
    await Promise.all([...definitions, ...namespaces].map((object) => this.#applyOne(object)));
    await Promise.all(definitions.map((definition) => this.#established(definition)));
    for (const object of rest) await this.#applyOne(object);
  }

  async get<T extends KubeObject>(ref: Named): Promise<T | undefined> {
    const answer = await this.#rest.ask("GET", await this.#path(ref));
    return answer.status === 404 ? undefined : (accepted(answer, `get ${called(ref)}`) as T);
  }

  async list<T extends KubeObject>(ref: KubeRef, selector?: string): Promise<T[]> {
    const query = {
      labelSelector: selector,
      fieldSelector: ref.name === undefined ? undefined : `metadata.name=${ref.name}`,
    };
    const answer = await this.#rest.ask("GET", await this.#path({ ...ref, name: undefined }), { query });
    const { items } = accepted(answer, `list ${called(ref)}`) as { items: T[] };
    return items.map((item) => ({ ...item, apiVersion: ref.apiVersion, kind: ref.kind }));
  }

  async patch(ref: Named, mergePatch: unknown): Promise<void> {
    const options = {
      body: mergePatch,
      type: "application/merge-patch+json",
      query: { fieldManager, fieldValidation: "Strict" },
    };
    accepted(await this.#rest.ask("PATCH", await this.#path(ref), options), `patch ${called(ref)}`);
  }

  async remove(ref: Named, options: { readonly wait?: boolean; readonly graceSeconds?: number } = {}): Promise<void> {
    const answer = await this.#rest.ask("DELETE", await this.#path(ref), {
      body: {
        apiVersion: "v1",
        kind: "DeleteOptions",
        // With "Foreground" an object is gone only after what it owns, such as a Deployment's pods.
        propagationPolicy: options.wait === false ? "Background" : "Foreground",
        ...(options.graceSeconds === undefined ? {} : { gracePeriodSeconds: options.graceSeconds }),
      },
    });
    if (answer.status === 404) return;
    accepted(answer, `delete ${called(ref)}`);
    if (options.wait !== false) await this.#gone(ref);
  }

  async exec(
    pod: { namespace: string; name: string; container?: string },
    command: readonly string[],
    options: { readonly within?: Duration; readonly input?: string; readonly signal?: AbortSignal } = {},
  ): Promise<CommandResult> {
    const where = `pod ${pod.namespace}/${pod.name}`;
    const budget = options.within ?? "60s";
    const stdout = new Collected();
    const stderr = new Collected();
    const started = performance.now();
    const container = pod.container ?? (await this.#firstContainer(pod));
    // From here to where it is awaited nothing else is: a rejection that comes in between would be nobody's.
    const { promise, resolve, reject } = Promise.withResolvers<V1Status>();
    const interrupt = AbortSignal.any([this.#run.signal, ...(options.signal ? [options.signal] : [])]);
    const giveUp = AbortSignal.any([interrupt, AbortSignal.timeout(ms(budget))]);
    const gaveUp = () => reject(new Error(interrupt.aborted ? "interrupted" : `not finished within ${budget}`));
    giveUp.addEventListener("abort", gaveUp, { once: true });
    if (giveUp.aborted) gaveUp();
    const broken = (cause: unknown) =>
      new LabBroken(`cannot run ${command.join(" ")}`, {
        who: where,
        waitedMs: performance.now() - started,
        seen: [(cause as Error).message, stdout.text, stderr.text].filter(Boolean).join("\n"),
        look: `kubectl -n ${pod.namespace} describe pod ${pod.name}`,
        cause,
      });
    const input = options.input === undefined ? null : Readable.from([Buffer.from(options.input)]);
    const opening = this.#exec.exec(
      pod.namespace,
      pod.name,
      container,
      [...command],
      stdout,
      stderr,
      input,
      false,
      resolve,
    );
    opening.then(
      (socket) => {
        socket.onclose = () => reject(new Error("the connection ended before the command did"));
        giveUp.addEventListener("abort", () => socket.close(), { once: true });
      },
      (event: { message?: string }) => reject(new Error(event.message ?? String(event))),
    );
    try {
      const status = await promise;
      const exitCode = exitCodeOf(status);
      if (exitCode === undefined) throw new Error(status.message ?? JSON.stringify(status));
      const result: CommandResult = {
        command: command.join(" "),
        exitCode,
        stdout: stdout.text,
        stderr: stderr.text,
        ms: Math.round(performance.now() - started),
      };
      this.#run.journal.write({
        kind: "command-ran",
        at: Date.now(),
        machine: where,
        ...result,
        stdout: excerpt(result.stdout),
        stderr: excerpt(result.stderr),
      });
      return result;
    } catch (cause) {
      throw broken(cause);
    } finally {
      giveUp.removeEventListener("abort", gaveUp);
    }
  }

  async logs(pod: {
    namespace: string;
    name: string;
    container?: string;
    previous?: boolean;
    tailLines?: number;
  }): Promise<string> {
    const { namespace, name, ...query } = pod;
    const path = `${await this.#path({ apiVersion: "v1", kind: "Pod", namespace, name })}/log`;
    const answer = await this.#rest.ask("GET", path, { query });
    if (answer.status !== 200) throw refused(answer, `read the log of pod ${namespace}/${name}`);
    return answer.body;
  }

  async raw(path: string): Promise<string> {
    const answer = await this.#rest.ask("GET", path);
    if (answer.status !== 200) throw refused(answer, `get ${path}`);
    return answer.body;
  }

  async #applyOne(object: KubeObject): Promise<void> {
    const path = await this.#path({ ...object, ...object.metadata });
    const answer = await this.#rest.ask("PATCH", path, {
      body: object,
      type: "application/apply-patch+yaml",
      query: { fieldManager, force: true, fieldValidation: "Strict" },
    });
    accepted(answer, `apply ${called({ ...object, ...object.metadata })}`);
  }

  /** Waits until a CustomResourceDefinition is served and in the API's own table of contents. */
  async #established(definition: KubeObject): Promise<void> {
    const spec = definition.spec as { group: string; versions: { name: string; served: boolean }[] };
    const conditions = (object: KubeObject) =>
      (object.status as { conditions?: { type: string; status: string }[] } | undefined)?.conditions ?? [];
    await this.#watched(
      { ...definition, name: definition.metadata.name },
      within.apiAnswers,
      "is not Established",
      (type, object) =>
        type !== "DELETED" && conditions(object).some((c) => c.type === "Established" && c.status === "True"),
    );
    for (const { name } of spec.versions) this.#kinds.delete(`${spec.group}/${name}`);
  }

  async #gone(ref: Named): Promise<void> {
    const before = await this.get(ref);
    if (before === undefined) return;
    await this.#watched(ref, within.podGone, "is still there", (type) => type === "DELETED", before);
  }

  /** Waits for an event of one object: those that come after `from` was read, or, without it, its present state too. */
  async #watched(
    ref: Named,
    wait: Wait,
    otherwise: string,
    enough: (type: string, object: KubeObject) => boolean,
    from?: KubeObject,
  ): Promise<void> {
    const path = await this.#path({ ...ref, name: undefined });
    const query = {
      fieldSelector: `metadata.name=${ref.name}`,
      resourceVersion: from?.metadata.resourceVersion as string | undefined,
    };
    const timeout = AbortSignal.timeout(ms(wait.within));
    let last: unknown;
    try {
      for await (const { type, object } of this.#rest.watch(path, query, timeout)) {
        last = object;
        if (enough(type, object as unknown as KubeObject)) return;
      }
    } catch (cause) {
      this.#run.signal.throwIfAborted();
      if (!timeout.aborted) throw cause;
    }
    throw new LabBroken(otherwise, {
      who: called(ref),
      waitedMs: ms(wait.within),
      seen: JSON.stringify((last as KubeObject | undefined)?.status ?? last ?? null).slice(0, 2000),
      look: `kubectl get ${ref.kind.toLowerCase()} ${ref.name} -o yaml`,
    });
  }

  async #firstContainer(pod: { namespace: string; name: string }): Promise<string> {
    const found = await this.get({ apiVersion: "v1", kind: "Pod", ...pod });
    const name = (found?.spec as { containers: { name: string }[] } | undefined)?.containers[0]?.name;
    if (name === undefined) throw new LabBroken("there is no such pod", { who: `pod ${pod.namespace}/${pod.name}` });
    return name;
  }

  async #path({
    apiVersion,
    kind,
    namespace,
    name,
  }: KubeRef | ({ name: undefined } & Omit<KubeRef, "name">)): Promise<string> {
    const { name: resource, namespaced } = await this.#kind(apiVersion, kind);
    const scope = !namespaced ? [] : namespace ? ["namespaces", namespace] : name ? ["namespaces", "default"] : [];
    return [root(apiVersion), ...scope, resource, ...(name === undefined ? [] : [encodeURIComponent(name)])].join("/");
  }

  async #kind(apiVersion: string, kind: string): Promise<ResourceKind> {
    const known = this.#kinds.get(apiVersion) ?? this.#discover(apiVersion);
    this.#kinds.set(apiVersion, known);
    known.catch(() => this.#kinds.delete(apiVersion));
    const found = (await known).find((k) => k.kind === kind && !k.name.includes("/"));
    if (found) return found;
    this.#kinds.delete(apiVersion);
    throw new LabBroken(`the API server does not know the kind ${kind} of ${apiVersion}`, {
      look: `kubectl api-resources --api-group=${apiVersion.includes("/") ? apiVersion.split("/")[0] : '""'}`,
    });
  }

  async #discover(apiVersion: string): Promise<readonly ResourceKind[]> {
    const answer = await this.#rest.ask("GET", root(apiVersion));
    if (answer.status === 404) return [];
    return (accepted(answer, `list the kinds of ${apiVersion}`) as { resources: ResourceKind[] }).resources;
  }
}

const fieldManager = "hardway";

const root = (apiVersion: string) => (apiVersion.includes("/") ? `/apis/${apiVersion}` : `/api/${apiVersion}`);

const called = ({ kind, namespace, name }: Omit<KubeRef, "apiVersion">) =>
  [kind, [namespace, name].filter(Boolean).join("/")].filter(Boolean).join(" ");

function accepted({ status, body }: Answer, what: string): unknown {
  if (status >= 200 && status < 300) return JSON.parse(body);
  throw refused({ status, body }, what);
}

function refused({ status, body }: Answer, what: string): LabBroken {
  let seen = body;
  try {
    seen = (JSON.parse(body) as { message?: string }).message ?? body;
  } catch {
    // Not every error comes from Kubernetes' own code as JSON; then the body itself is what was seen.
  }
  return new LabBroken(`the API server refuses to ${what}`, { seen: `${status} ${seen.slice(0, 2000)}` });
}

/** The exit code of a command that ran, `undefined` when it could not be run. */
export function exitCodeOf(status: V1Status): number | undefined {
  if (status.status === "Success") return 0;
  const code = status.details?.causes?.find((cause) => cause.reason === "ExitCode")?.message;
  return code === undefined ? undefined : Number(code);
}

class Collected extends Writable {
  readonly #chunks: Buffer[] = [];

  override _write(chunk: Buffer, _encoding: string, done: () => void): void {
    this.#chunks.push(chunk);
    done();
  }

  get text(): string {
    return Buffer.concat(this.#chunks).toString();
  }
}
