import { spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { connect } from "node:net";
import { Duplex } from "node:stream";
import { ms } from "#harness/judging/duration";
import { within } from "#harness/judging/within";
import { LabBroken, reasonOf } from "#harness/model/errors";
import { SshConnection } from "./connection.ts";
import type { Inventory, InventoryMachine } from "./inventory.ts";

/** ssh to every machine of an inventory, by name; connected when first used. Disposing closes all of it. */
export class Reach implements AsyncDisposable {
  readonly #inventory: Inventory;
  readonly #connections = new Map<string, SshConnection>();

  constructor(inventory: Inventory) {
    this.#inventory = inventory;
  }

  /** Throws `LabBroken` when the inventory has no such machine, or its private key cannot be read. */
  to(name: string): SshConnection {
    const known = this.#connections.get(name);
    if (known) return known;
    const machine = this.#inventory.get(name);
    if (!machine) throw new LabBroken("the inventory has no such machine", { who: name });
    const connection = new SshConnection(name, {
      connect: () => this.#connect(machine),
      user: machine.user,
      privateKey: privateKeyOf(machine),
      hostKeys: machine.hostKeys,
    });
    this.#connections.set(name, connection);
    return connection;
  }

  async #connect({ address, port, bastion, proxyCommand }: InventoryMachine): Promise<Duplex> {
    if (proxyCommand !== undefined) return through(proxyCommand);
    if (bastion !== undefined) return this.to(bastion).forward(address, port);
    return tcpTo(address, port);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all([...this.#connections.values()].map((connection) => connection[Symbol.asyncDispose]()));
  }
}

function privateKeyOf({ name, identityFile }: InventoryMachine): string {
  try {
    return readFileSync(identityFile, "utf8");
  } catch (cause) {
    throw new LabBroken("its private key cannot be read", { who: name, seen: reasonOf(cause), cause });
  }
}

/** Throws when nobody answers within `within.sshLetsIn`: a machine that is gone says nothing. */
async function tcpTo(host: string, port: number): Promise<Duplex> {
  const socket = connect({ host, port, noDelay: true });
  const late = AbortSignal.timeout(ms(within.sshLetsIn.within));
  try {
    await once(socket, "connect", { signal: late });
    return socket;
  } catch (error) {
    socket.destroy();
    throw late.aborted ? new Error(`nobody answers at ${host} port ${port}`) : error;
  }
}

/** What a command's standard input and output are connected to; it is ended with the connection, and not by Ctrl-C before that. */
function through(command: string): Duplex {
  const proxy = spawn("/bin/sh", ["-c", `exec ${command}`], { stdio: ["pipe", "pipe", "inherit"], detached: true });
  const both = Duplex.from({ readable: proxy.stdout, writable: proxy.stdin });
  proxy.once("error", (error) => both.destroy(error));
  // Who uses it is told by ssh that it is lost, also when it is written to once more.
  both.on("error", () => undefined);
  both.once("close", () => proxy.kill());
  return both;
}
