import { once } from "node:events";
import { constants } from "node:os";
import { PassThrough, type Readable } from "node:stream";
import type { ClientChannel } from "ssh2";
import { LabBroken } from "#harness/model/errors";
import type { Shell } from "#harness/model/machines";
import type { Journal } from "#harness/model/run";
import { quoted } from "../quoted.ts";
import { shellOver } from "../shell.ts";
import { type Frame, newMark, type Spawned } from "../spawned.ts";
import type { SshConnection } from "./connection.ts";

/** As in a machine that is a container, whatever sshd and sudo are set up to give. */
const path = "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
/** What every command begins with. */
export const environment: readonly string[] = ["env", "-C", "/", path];
/** How long a killed command has to end before its channel is closed. */
const graceMs = 2000;

/**
 * A root shell over ssh: commands run as root in `/`, by `sudo -n` where the user is somebody else. It stays good over
 * power cuts of the machine: a command that is under way when the connection is lost throws `LabBroken`, the next one
 * connects anew.
 */
export const sshShell = (connection: SshConnection, journal: Pick<Journal, "write">, pace?: number): Shell =>
  shellOver((argv, options) => spawn(connection, argv, options), connection.who, journal, pace);

/** Starts a program on a machine as root. */
export async function spawn(
  connection: SshConnection,
  argv: readonly string[],
  { stdin }: { readonly stdin: boolean },
): Promise<Spawned> {
  const { who, peer } = connection;
  const mark = newMark();
  const channel = await connection.exec(asRoot(peer.user, [...environment, mark.variable, ...argv]));
  const ended = endOf(channel);
  if (!stdin) channel.end();
  return {
    output: outputOf(channel),
    stream: channel,
    async exitCode() {
      const { code, signal } = await ended;
      if (typeof code === "number") return code;
      if (signal !== undefined) return 128 + (constants.signals[signal as NodeJS.Signals] ?? 0);
      throw new LabBroken(`the connection was lost while \`${argv.join(" ").slice(0, 200)}\` ran`, { who });
    },
    async kill(signal) {
      const killer = await connection.exec(asRoot(peer.user, ["/bin/sh", "-c", mark.kill(signal)]));
      const killed = endOf(killer);
      killer.end();
      killer.resume();
      killer.stderr.resume();
      await killed;
      if (signal === "KILL") setTimeout(() => channel.close(), graceMs).unref();
    },
  };
}

/** The line that runs a program as root. */
export const asRoot = (user: string, argv: readonly string[]): string =>
  ["exec", ...(user === "root" ? [] : ["sudo", "-n", "-H", "--"]), ...argv.map(quoted)].join(" ");

/** Exit code, or the signal that ended it; neither when the connection was lost. */
export function endOf(channel: ClientChannel): Promise<{ code?: number | null; signal?: string }> {
  return new Promise((resolve) =>
    channel.once("close", (code?: number | null, signal?: string) =>
      resolve({ ...(code !== undefined && { code }), ...(signal !== undefined && { signal }) }),
    ),
  );
}

/** Both outputs of a command as one stream, in the order in which they come. */
function outputOf(channel: ClientChannel): AsyncIterable<Frame> {
  const output = new PassThrough({ objectMode: true });
  const pass = async (from: Frame["from"], stream: Readable) => {
    for await (const data of stream.iterator({ destroyOnReturn: false })) {
      if (!output.write({ from, data } satisfies Frame)) await once(output, "drain");
    }
  };
  Promise.all([pass("stdout", channel), pass("stderr", channel.stderr)]).then(
    () => output.end(),
    (error) => output.destroy(error),
  );
  return output;
}
