import { Duplex } from "node:stream";
import type { Container } from "dockerode";
import { spawn } from "./exec.ts";

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
 * A TCP connection to `host:port` as the container reaches it, carried by the engine, so that nothing here ever routes
 * to a lab's addresses. Throws when the container cannot make it.
 */
export async function dial(container: Container, who: string, host: string, port: number): Promise<Duplex> {
  const argv = ["perl", "-e", connect, host, String(port)];
  const { stream, output } = await spawn(container, who, argv, { stdin: true });
  const frames = output[Symbol.asyncIterator]();
  const take = async (): Promise<Buffer | undefined> => {
    const { done, value } = await frames.next();
    if (done) return undefined;
    if (value.from === "stderr") throw new Error(value.data.toString());
    return value.data;
  };
  const first = await take();
  if (first === undefined) throw new Error("the engine ended the connection before it was made");
  if (first.toString("latin1", 0, 1) !== connected) throw new Error(first.toString());
  const received = async function* () {
    yield first.subarray(connected.length);
    for (let data = await take(); data !== undefined; data = await take()) yield data;
  };
  return Duplex.from({ writable: stream, readable: received() });
}
