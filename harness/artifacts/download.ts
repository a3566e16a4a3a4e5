import { createHash } from "node:crypto";
import { createReadStream, createWriteStream } from "node:fs";
import { stat } from "node:fs/promises";
import { type Readable, Transform } from "node:stream";
import { pipeline } from "node:stream/promises";
import { EnvHttpProxyAgent, interceptors, request } from "undici";
import { ms, readable } from "../judging/duration.ts";
import { isDiskFull, size } from "./files.ts";
import { patience, slowestBytesPerSecond } from "./patience.ts";

/** Why a source did not provide something, in a line. Stays within this folder: the next source is asked. */
export class Refused extends Error {}

export interface Patience {
  readonly connectMs: number;
  readonly answerMs: number;
  readonly slownessMs: number;
}

const usualPatience: Patience = {
  connectMs: ms(patience.connect.within),
  answerMs: ms(patience.answer.within),
  slownessMs: ms(patience.slowness.within),
};

const maxTextBytes = 1 << 20;

/**
 * Reads files by URL, or by path where a mirror is a folder. A server that cannot be reached, does not answer or is too
 * slow is not asked a second time. HTTP_PROXY, HTTPS_PROXY and NO_PROXY are heeded.
 */
export class Downloads {
  readonly #patience: Patience;
  readonly #agent: ReturnType<EnvHttpProxyAgent["compose"]>;
  readonly #hopeless = new Map<string, string>();

  constructor(patience: Patience = usualPatience) {
    this.#patience = patience;
    this.#agent = new EnvHttpProxyAgent({
      connect: { timeout: patience.connectMs },
      headersTimeout: patience.answerMs,
      bodyTimeout: patience.slownessMs,
    }).compose(interceptors.redirect({ maxRedirections: 5 }));
  }

  /** A small text. Throws `Refused`. */
  async text(from: string, signal?: AbortSignal): Promise<string> {
    const chunks: Buffer[] = [];
    let bytes = 0;
    await this.#read(from, signal, async (body, _, count) => {
      for await (const chunk of body) {
        count(chunk.length);
        bytes += chunk.length;
        if (bytes > maxTextBytes) throw new Refused(`${from} is no list of checksums: it has more than 1 MB`);
        chunks.push(chunk);
      }
    });
    return Buffer.concat(chunks).toString("utf8");
  }

  /** Writes to a file and returns its SHA-256. Throws `Refused`, and the error of the file system when writing fails. */
  async file(from: string, to: string, note: (text: string) => void, signal?: AbortSignal): Promise<string> {
    const hash = createHash("sha256");
    await this.#read(from, signal, async (body, total, count) => {
      let bytes = 0;
      let toldAt = 0;
      const watched = new Transform({
        transform(chunk: Buffer, _, done) {
          hash.update(chunk);
          count(chunk.length);
          bytes += chunk.length;
          if (performance.now() - toldAt > 500) {
            toldAt = performance.now();
            note(total ? `${size(bytes)} of ${size(total)}` : size(bytes));
          }
          done(null, chunk);
        },
      });
      await pipeline(body, watched, createWriteStream(to));
      if (total !== undefined && bytes !== total) throw new Refused(`${from} ended after ${bytes} of ${total} bytes`);
    });
    return hash.digest("hex");
  }

  async #read(
    from: string,
    signal: AbortSignal | undefined,
    take: (body: Readable, total: number | undefined, count: (bytes: number) => void) => Promise<void>,
  ): Promise<void> {
    signal?.throwIfAborted();
    if (!/^https?:/.test(from)) {
      const found = await stat(from).catch((e: NodeJS.ErrnoException) => {
        throw new Refused(`${from}: ${e.code === "ENOENT" ? "no such file" : e.message}`);
      });
      return take(createReadStream(from, { highWaterMark: 1 << 20 }), found.size, () => {});
    }
    const { host } = new URL(from);
    const hopeless = this.#hopeless.get(host);
    if (hopeless !== undefined) throw new Refused(hopeless);

    const stop = new AbortController();
    const aborted = () => stop.abort(signal?.reason);
    signal?.addEventListener("abort", aborted, { once: true });
    let received = 0;
    let watch: NodeJS.Timeout | undefined;
    try {
      const { statusCode, headers, body } = await request(from, { dispatcher: this.#agent, signal: stop.signal });
      if (statusCode !== 200) {
        body.on("error", () => {}).destroy();
        throw new Refused(`${from} answered ${statusCode}`);
      }
      let before = 0;
      watch = setInterval(() => {
        if (received - before < (slowestBytesPerSecond * this.#patience.slownessMs) / 1000) {
          stop.abort(new TooSlow(`${size(received - before)} in ${readable(this.#patience.slownessMs)}`));
        }
        before = received;
      }, this.#patience.slownessMs);
      const length = Number(headers["content-length"]);
      await take(body, Number.isSafeInteger(length) && length > 0 ? length : undefined, (bytes) => {
        received += bytes;
      });
    } catch (e) {
      if (signal?.aborted) throw signal.reason;
      if (e instanceof Refused || isDiskFull(e)) throw e;
      const { because, isHopeless } = this.#reason(stop.signal.aborted ? stop.signal.reason : e, host);
      if (isHopeless) this.#hopeless.set(host, because);
      throw new Refused(isHopeless ? because : `${from}: ${because}`);
    } finally {
      clearInterval(watch);
      signal?.removeEventListener("abort", aborted);
    }
  }

  #reason(error: unknown, host: string): { readonly because: string; readonly isHopeless: boolean } {
    const { code, message } = error as NodeJS.ErrnoException;
    const hopeless = (because: string) => ({ because: `${host} ${because}`, isHopeless: true });
    if (error instanceof TooSlow) return hopeless(`is too slow: ${message}`);
    switch (code) {
      case "ENOTFOUND":
      case "EAI_AGAIN":
        return hopeless(`has no address here (${code})`);
      case "ECONNREFUSED":
      case "EHOSTUNREACH":
      case "ENETUNREACH":
      case "ETIMEDOUT":
        return hopeless(`cannot be reached (${code})`);
      case "UND_ERR_CONNECT_TIMEOUT":
        return hopeless(`cannot be reached (no connection within ${readable(this.#patience.connectMs)})`);
      case "UND_ERR_HEADERS_TIMEOUT":
        return hopeless(`does not answer (nothing within ${readable(this.#patience.answerMs)})`);
      case "UND_ERR_BODY_TIMEOUT":
        return hopeless(`stalled (nothing for ${readable(this.#patience.slownessMs)})`);
      default:
        return { because: `the transfer broke: ${message || code}`, isHopeless: false };
    }
  }
}

class TooSlow extends Error {}
