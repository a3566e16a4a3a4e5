import { once } from "node:events";
import { type AddressInfo, connect, type Socket } from "node:net";
import ssh2, { type Connection, type ServerChannel } from "ssh2";
import type { SshPeer } from "../connection.ts";
import { newKeyPair } from "../keys.ts";

const { Server, utils } = ssh2;
/** The key that it shows. */
export const hostKey = newKeyPair();
/** The key that it lets in. */
export const userKey = newKeyPair();

/** What a command does. */
export type Answer = (channel: ServerChannel, line: string, connection: Connection) => void;

/** An sshd whose commands do what the test says. */
export async function sshd(answer: Answer, { maxSessions = 10 } = {}) {
  const sockets = new Set<Socket>();
  let connections = 0;
  const allowed = utils.parseKey(userKey.public);
  if (allowed instanceof Error) throw allowed;
  const server = new Server({ hostKeys: [hostKey.private] }, (connection) => {
    connections++;
    let sessions = 0;
    connection.on("error", () => undefined);
    connection.on("authentication", (context) => {
      if (context.method !== "publickey" || !context.key.data.equals(allowed.getPublicSSH()))
        return context.reject(["publickey"]);
      context.accept();
    });
    connection.on("session", (accept, reject) => {
      if (sessions === maxSessions) return reject();
      sessions++;
      accept().on("exec", (start, _, { command }) => {
        const channel = start();
        channel.once("close", () => {
          sessions--;
        });
        answer(channel, command, connection);
      });
    });
  });
  server.on("connection", () => undefined);
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  return {
    port,
    get connections() {
      return connections;
    },
    peer: (changes: Partial<SshPeer> = {}): SshPeer => ({
      connect: async () => {
        const socket = connect(port, "127.0.0.1");
        sockets.add(socket);
        await once(socket, "connect");
        return socket;
      },
      user: "root",
      privateKey: userKey.private,
      hostKeys: [hostKey.public],
      ...changes,
    }),
    cutPower: () => {
      for (const socket of sockets) socket.destroy();
    },
    close: () => server.close(),
  };
}

/** Says this and ends. */
export const say =
  (stdout: string, code = 0): Answer =>
  (channel) => {
    channel.write(stdout);
    channel.exit(code);
    channel.end();
  };
