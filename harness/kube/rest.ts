import type { IncomingMessage } from "node:http";
import { Agent, request } from "node:https";
import { ms } from "../judging/duration.ts";
import { waitAtPace } from "../judging/pace.ts";
import { within } from "../judging/within.ts";
import { LabBroken } from "../model/errors.ts";
import type { Duration } from "../model/units.ts";
import type { Credentials } from "./kubeconfig.ts";

export interface Answer {
  readonly status: number;
  readonly body: string;
}

export interface RequestOptions {
  readonly query?: Readonly<Record<string, string | number | boolean | undefined>>;
  readonly body?: unknown;
  readonly type?: string;
}

/**
 * Requests to the API server over a few connections that are kept, since each new one costs a process in the machine
 * when it comes through a forwarder. Bodies are sent and returned exactly as they are: the typed models of
 * @kubernetes/client-node drop fields that they do not know, and then the API server could not refuse them.
 */
export class Rest implements Disposable {
  readonly #credentials: Credentials;
  readonly #kept: Agent;
  readonly #streams: Agent;
  readonly #signal: AbortSignal;
  readonly #patience: Duration;

  constructor(credentials: Credentials, signal: AbortSignal, pace = 1) {
    const { ca, cert, key, serverName } = credentials;
    const tls = { ca, cert, key, ...(serverName === undefined ? {} : { servername: serverName }) };
    this.#credentials = credentials;
    this.#kept = new Agent({ ...tls, keepAlive: true, maxSockets: 4 });
    this.#streams = new Agent(tls);
    this.#signal = signal;
    this.#patience = waitAtPace(pace, within.oneLook).within;
  }

  /** Throws `LabBroken` when nothing answers within `within.oneLook`, at the pace of the lab's machines; every status is an answer. */
  async ask(method: string, path: string, options: RequestOptions = {}): Promise<Answer> {
    const budget = ms(this.#patience);
    const started = performance.now();
    const timeout = AbortSignal.timeout(budget);
    const signal = AbortSignal.any([this.#signal, timeout]);
    try {
      const response = await this.#send(this.#kept, method, path, options, signal);
      const chunks: Buffer[] = [];
      for await (const chunk of response) chunks.push(chunk);
      return { status: response.statusCode ?? 0, body: Buffer.concat(chunks).toString() };
    } catch (cause) {
      this.#signal.throwIfAborted();
      throw new LabBroken("the API server does not answer", {
        who: `${method} ${path}`,
        waitedMs: performance.now() - started,
        seen: timeout.aborted ? "nothing" : String((cause as Error).message),
        look: "the logs of kube-apiserver and etcd on the control plane: /var/log/pods",
        cause,
      });
    }
  }

  /**
   * Events of a watch until the server or the caller ends it, or `signal` is aborted. Throws `LabBroken` when the API
   * server refuses to watch.
   */
  async *watch(
    path: string,
    query: NonNullable<RequestOptions["query"]>,
    signal: AbortSignal,
  ): AsyncGenerator<WatchEvent> {
    const response = await this.#send(
      this.#streams,
      "GET",
      path,
      { query: { ...query, watch: true } },
      AbortSignal.any([this.#signal, signal]),
    );
    try {
      if (response.statusCode !== 200) {
        throw new LabBroken("the API server refuses to watch", { who: path, seen: `status ${response.statusCode}` });
      }
      let rest = "";
      for await (const chunk of response.setEncoding("utf8")) {
        const lines = (rest + chunk).split("\n");
        rest = lines.pop() ?? "";
        for (const line of lines) yield JSON.parse(line);
      }
    } finally {
      response.destroy();
    }
  }

  [Symbol.dispose](): void {
    this.#kept.destroy();
    this.#streams.destroy();
  }

  #send(
    agent: Agent,
    method: string,
    path: string,
    options: RequestOptions,
    signal: AbortSignal,
  ): Promise<IncomingMessage> {
    const url = new URL(path, this.#credentials.server);
    for (const [name, value] of Object.entries(options.query ?? {})) {
      if (value !== undefined) url.searchParams.append(name, String(value));
    }
    const body = options.body === undefined ? undefined : JSON.stringify(options.body);
    const headers = {
      accept: "application/json, */*",
      // Without a length Node sends the body of a DELETE unframed, and the next request on the connection is refused.
      ...(body === undefined
        ? {}
        : { "content-type": options.type ?? "application/json", "content-length": Buffer.byteLength(body) }),
    };
    return new Promise((resolve, reject) => {
      const sent = request(url, { method, headers, agent, signal }, resolve);
      // A kept connection may have been closed by the other side just when it was used again: not the server's answer,
      // and nothing was done yet. Every request made here may be repeated.
      sent.on("error", (error: NodeJS.ErrnoException) =>
        sent.reusedSocket && error.code === "ECONNRESET"
          ? resolve(this.#send(agent, method, path, options, signal))
          : reject(error),
      );
      sent.end(body);
    });
  }
}

export interface WatchEvent {
  readonly type: "ADDED" | "MODIFIED" | "DELETED" | "BOOKMARK" | "ERROR";
  readonly object: Readonly<Record<string, unknown>>;
}
