import { createHash } from "node:crypto";
import type { Duplex } from "node:stream";
import { setTimeout as sleep } from "node:timers/promises";
import { Client, type ClientChannel, type PseudoTtyOptions, type ServerHostKeyAlgorithm } from "ssh2";
import { ms } from "#harness/judging/duration";
import { within } from "#harness/judging/within";
import { LabBroken, reasonOf } from "#harness/model/errors";

/** A machine as ssh reaches it: where, as whom, and how it is known again. */
export interface SshPeer {
  /** A fresh connection to its sshd at every call; called again when the last one is lost, as by a power cut. */
  readonly connect: () => Promise<Duplex>;
  /** root, or somebody who may `sudo -n`. */
  readonly user: string;
  /** The private key itself, as ssh-keygen writes it, without a passphrase. */
  readonly privateKey: string;
  /** Keys that its sshd may show: lines of a .pub file or of known_hosts after the name (`ssh-ed25519 AAAA…`), or fingerprints (`SHA256:…`). */
  readonly hostKeys: readonly string[];
}

/** How many commands run at once over one connection: MaxSessions of sshd_config(5), whose default is 10. */
const sessionsPerLink = 10;
/** A peer that lost its power says nothing more; it is given up after three of these. */
const keepAliveMs = 5000;
const retryMs = 200;

interface Link {
  readonly client: Client;
  /** Sessions that are open. */
  sessions: number;
  /** How many it takes. */
  room: number;
  /** Whether a session was ever opened on it. */
  served: boolean;
  lost: boolean;
}

/** Why somebody is not let in, where asking again is of no use. */
class Refused extends Error {}

/**
 * ssh to one machine: connected when first needed, again when the connection was lost, and more than once when more
 * commands run than a connection takes. A host key that is none of the peer's is never accepted.
 */
export class SshConnection implements AsyncDisposable {
  readonly peer: SshPeer;
  readonly who: string;
  readonly #links = new Set<Link>();
  #dialing: Promise<void> | undefined;
  #closed = false;

  constructor(who: string, peer: SshPeer) {
    this.who = who;
    this.peer = peer;
  }

  /**
   * Returns once the machine lets us in, asking again and again while it boots. Throws `LabBroken` at once when it is
   * another machine or refuses our key, and when the signal is aborted, with what was seen last.
   */
  async established(signal: AbortSignal): Promise<void> {
    for (;;) {
      try {
        return void (await this.#link());
      } catch (error) {
        if (signal.aborted || !(error instanceof LabBroken) || error.particulars.cause instanceof Refused) throw error;
        await sleep(retryMs, undefined, { signal }).catch(() => undefined);
      }
    }
  }

  /** Has the user's login shell run a line, on a terminal if one is given. Throws `LabBroken` when that cannot be begun. */
  exec(line: string, pty?: PseudoTtyOptions): Promise<ClientChannel> {
    return this.#open("session", (client, done) => client.exec(line, { ...(pty && { pty }) }, done));
  }

  /** A connection from the machine to another one: how a bastion is used. */
  forward(host: string, port: number): Promise<Duplex> {
    return this.#open("direct-tcpip", (client, done) => client.forwardOut("127.0.0.1", 0, host, port, done));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#closed = true;
    await this.#dialing?.catch(() => undefined);
    for (const { client } of this.#links) client.destroy();
    this.#links.clear();
  }

  async #open(
    kind: "session" | "direct-tcpip",
    begin: (client: Client, done: (error: Error | undefined, channel: ClientChannel) => void) => void,
  ): Promise<ClientChannel> {
    for (;;) {
      const link = await this.#link();
      const { served } = link;
      const taken = kind === "session" ? 1 : 0;
      link.sessions += taken;
      const free = () => {
        link.sessions -= taken;
      };
      try {
        const channel = await new Promise<ClientChannel>((resolve, reject) =>
          begin(link.client, (error, opened) => (error ? reject(error) : resolve(opened))),
        );
        link.served = true;
        channel.once("close", free);
        return channel;
      } catch (cause) {
        free();
        // Nothing was begun on it: a connection that went stale unnoticed is replaced, and a full one set aside.
        if (link.lost && served && reasonOf(cause) !== unanswered) continue;
        if (!link.lost && kind === "session" && link.sessions > 0 && isFull(cause)) {
          link.room = link.sessions;
          continue;
        }
        const refused =
          kind === "session" ? "sshd does not begin a command" : "sshd does not connect it to another machine";
        throw new LabBroken(link.lost ? "the connection was lost as a command began" : refused, {
          who: this.who,
          seen: reasonOf(cause),
          cause,
        });
      }
    }
  }

  /** A connection with room for one session more. */
  async #link(): Promise<Link> {
    for (;;) {
      for (const link of this.#links) if (link.sessions < link.room) return link;
      this.#dialing ??= this.#dial().finally(() => {
        this.#dialing = undefined;
      });
      await this.#dialing;
    }
  }

  async #dial(): Promise<void> {
    const { user, privateKey, connect } = this.peer;
    if (this.#closed) throw new LabBroken("ssh to it was closed", { who: this.who });
    const began = Date.now();
    const fail = (what: string, cause: unknown) =>
      new LabBroken(what, { who: this.who, waitedMs: Date.now() - began, seen: reasonOf(cause), cause });
    const sock = await connect().catch((cause) => {
      throw fail("cannot be reached", cause);
    });
    const client = new Client();
    const link: Link = { client, sessions: 0, room: sessionsPerLink, served: false, lost: false };
    let stranger: string | undefined;
    const ready = new Promise<void>((resolve, reject) => {
      client.once("ready", resolve);
      client.on("error", reject);
      client.once("close", () => reject(new Error("the connection was closed before anybody was let in")));
    });
    client.once("close", () => {
      link.lost = true;
      this.#links.delete(link);
    });
    client.once("end", () => sock.destroy());
    try {
      client.connect({
        sock,
        username: user,
        privateKey,
        hostVerifier: (key: Buffer) => {
          if (this.#knows(key)) return true;
          stranger = fingerprintOf(key);
          return false;
        },
        algorithms: algorithmsFor(this.peer.hostKeys),
        readyTimeout: ms(within.sshLetsIn.within),
        keepaliveInterval: keepAliveMs,
      });
      await ready;
    } catch (cause) {
      client.destroy();
      sock.destroy();
      if (stranger !== undefined)
        throw fail("shows another host key than the one it is known by", new Refused(stranger));
      if ((cause as { level?: string }).level === "client-authentication")
        throw fail(`does not let ${user} in with this key`, new Refused(reasonOf(cause)));
      throw fail("ssh was not let in", cause);
    }
    this.#links.add(link);
  }

  #knows(key: Buffer): boolean {
    const shown = [fingerprintOf(key), key.toString("base64")];
    return this.peer.hostKeys.some((known) => known.split(/\s+/).some((word) => shown.includes(word)));
  }
}

/** As `ssh-keygen -l` prints it. */
export const fingerprintOf = (key: Buffer): string =>
  `SHA256:${createHash("sha256").update(key).digest("base64").replace(/=+$/, "")}`;

/** A host has keys of several kinds: only those are asked for that it is known by. A fingerprint does not tell its kind. */
function algorithmsFor(hostKeys: readonly string[]): { serverHostKey?: ServerHostKeyAlgorithm[] } {
  const kinds = hostKeys.map((key) => /(?:^|\s)(ssh-\S+|ecdsa-\S+)\s/.exec(key)?.[1]);
  if (kinds.includes(undefined)) return {};
  const serverHostKey = kinds.flatMap((kind) => (kind === "ssh-rsa" ? ["rsa-sha2-512", "rsa-sha2-256"] : [kind]));
  return { serverHostKey: [...new Set(serverHostKey)] as ServerHostKeyAlgorithm[] };
}

/** What ssh2 says of a command that was sent: it may have begun, so it is not sent again. */
const unanswered = "Unable to exec";

/** sshd says "open failed" (SSH_OPEN_CONNECT_FAILED, RFC 4254 §5.1) to a session beyond MaxSessions. */
const isFull = (cause: unknown): boolean => (cause as { reason?: unknown }).reason === 2;
