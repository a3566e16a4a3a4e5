import { once } from "node:events";
import { type AddressInfo, createServer, type Socket } from "node:net";
import { LabBroken } from "#harness/model/errors";
import type { Machine } from "#harness/model/machines";
import { spawn } from "./exec.ts";
import { ContainerMachine } from "./machine.ts";

export interface Forwarder extends AsyncDisposable {
  /** On 127.0.0.1 of this computer. */
  readonly port: number;
}

/** What comes first once the connection is made; the engine's own complaint about a dying machine begins otherwise. */
const connected = "+";

/**
 * Joins standard input and output to a TCP connection. An end from this side is passed on and answers still come back;
 * an end from the other side ends it all. (socat and nc can do one of the two, not both.) Perl's base is on every Debian.
 */
const connect = `
use strict; use IO::Socket::INET; use IO::Select;
my ($host, $port) = @ARGV;
my $peer = IO::Socket::INET->new(PeerAddr => $host, PeerPort => $port, Timeout => 10) or die "$host:$port: $!\\n";
setsockopt($peer, 6, 1, 1);
binmode STDIN; binmode STDOUT;
syswrite(STDOUT, "${connected}");
my $both = IO::Select->new($peer, \\*STDIN);
sub give { my ($to, $data) = @_; while (length $data) { my $n = syswrite($to, $data) // exit 1; substr($data, 0, $n, "") } }
while (1) {
  for my $from ($both->can_read) {
    my $n = sysread($from, my $data, 65536);
    if ($n) { give($from == $peer ? \\*STDOUT : $peer, $data); next }
    exit 0 if $from == $peer;
    $both->remove(\\*STDIN); shutdown($peer, 1);
  }
}`;

/**
 * Listens on 127.0.0.1 of this computer; each connection is carried by the engine to `host:port` as the machine reaches
 * it, so that nothing here ever routes to a lab's addresses. A connection that the machine cannot make is reset.
 * Disposing closes the listener and all its connections.
 */
export async function forward(machine: Machine, host: string, port: number): Promise<Forwarder> {
  if (!(machine instanceof ContainerMachine))
    throw new LabBroken("only machines that are containers can be forwarded to", { who: machine.name });
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

async function carry(machine: ContainerMachine, client: Socket, host: string, port: number): Promise<void> {
  const argv = ["perl", "-e", connect, host, String(port)];
  const { stream, output } = await spawn(machine.container, machine.name, argv, { stdin: true });
  const closed = new AbortController();
  client.once("close", () => {
    closed.abort();
    stream.destroy();
  });
  client.pipe(stream);
  let made = false;
  for await (const { from, data } of output) {
    if (from === "stderr" || (!made && data.toString("latin1", 0, 1) !== connected)) throw new Error(data.toString());
    const body = made ? data : data.subarray(connected.length);
    made = true;
    if (!client.write(body)) await once(client, "drain", { signal: closed.signal });
  }
  if (!made) throw new Error("the engine ended the connection before it was made");
  // Nobody is left to take what the client may still send; reading it on avoids a reset that would overtake the answer.
  client.unpipe(stream);
  client.resume();
  client.end();
}
