import { once } from "node:events";
import { type AddressInfo, createServer, type Socket } from "node:net";
import type { Duplex } from "node:stream";
import { LabBroken } from "#harness/model/errors";
import type { Machine } from "#harness/model/machines";

/** A machine from which TCP connections can be made. */
export interface Dialing {
  /** A connection to `host:port` as the machine reaches it. Throws when it cannot be made. */
  dial(host: string, port: number): Promise<Duplex>;
}

export interface Forwarder extends AsyncDisposable {
  /** On 127.0.0.1 of this computer. */
  readonly port: number;
}

const isDialing = (machine: Machine): machine is Machine & Dialing => "dial" in machine;

/**
 * Listens on 127.0.0.1 of this computer; each connection is carried to `host:port` as the machine reaches it. A
 * connection that the machine cannot make is reset.
 * Disposing closes the listener and all its connections.
 */
export async function forward(machine: Machine, host: string, port: number): Promise<Forwarder> {
  if (!isDialing(machine)) throw new LabBroken("no connection can be made from this machine", { who: machine.name });
  const open = new Set<Socket>();
  const server = createServer({ allowHalfOpen: true, noDelay: true }, (client) => {
    open.add(client);
    client.once("close", () => open.delete(client));
    client.on("error", () => client.destroy());
    carry(machine, client, host, port).catch(() => client.resetAndDestroy());
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    port: (server.address() as AddressInfo).port,
    async [Symbol.asyncDispose]() {
      server.close();
      for (const client of open) client.destroy();
      await once(server, "close");
    },
  };
}

async function carry(machine: Dialing, client: Socket, host: string, port: number): Promise<void> {
  const far = await machine.dial(host, port);
  const closed = new AbortController();
  client.once("close", () => {
    closed.abort();
    far.destroy();
  });
  client.pipe(far);
  for await (const data of far) if (!client.write(data)) await once(client, "drain", { signal: closed.signal });
  // Nobody is left to take what the client may still send; reading it on avoids a reset that would overtake the answer.
  client.unpipe(far);
  client.resume();
  client.end();
}
