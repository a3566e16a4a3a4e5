import { joined } from "../terminal.ts";
import type { SshMachine } from "./machine.ts";
import { asRoot, endOf, environment, spawn } from "./shell.ts";

/** Runs a program on a machine that ssh reaches, joined to this process's standard streams, see `joined`. */
export function enter({ connection }: SshMachine, argv: readonly string[]): Promise<number> {
  return joined({
    onPipes: () => spawn(connection, argv, { stdin: true }),
    async onTerminal() {
      const { rows, columns } = process.stdout;
      const line = asRoot(connection.peer.user, [...environment, ...argv]);
      const stream = await connection.exec(line, { rows, cols: columns, term: process.env.TERM ?? "xterm" });
      const ended = endOf(stream);
      return {
        stream,
        resize: (rows, columns) => stream.setWindow(rows, columns, 0, 0),
        exitCode: async () => (await ended).code ?? 1,
      };
    },
  });
}
