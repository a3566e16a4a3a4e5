import { once } from "node:events";
import type { Duplex } from "node:stream";
import type { Spawned } from "./spawned.ts";

/** A program on a machine that has a terminal of its own there. */
export interface OnTerminal {
  readonly stream: Duplex;
  resize(rows: number, columns: number): void;
  /** Asked for once the stream has ended. */
  exitCode(): Promise<number>;
}

/** How a program is started that is to be joined to this process's standard streams. */
export interface Startable {
  onTerminal(): Promise<OnTerminal>;
  onPipes(): Promise<Spawned>;
}

/**
 * Joins a program to this process's standard streams, and returns its exit code. Between two terminals it gets one of its
 * own, so that editors, pagers and Ctrl-C work; else input and output are passed as they are, apart, and the program ends
 * with this process.
 */
export async function joined(program: Startable): Promise<number> {
  const { stdin, stdout } = process;
  try {
    if (stdin.isTTY === true && stdout.isTTY === true) return await joinTerminal(await program.onTerminal());
    return await joinPipes(await program.onPipes());
  } finally {
    stdin.destroy();
  }
}

async function joinTerminal({ stream, resize, exitCode }: OnTerminal): Promise<number> {
  const { stdin, stdout } = process;
  const adapt = () => resize(stdout.rows, stdout.columns);
  stdin.setRawMode(true);
  try {
    stdout.on("resize", adapt);
    adapt();
    stdin.pipe(stream);
    stream.pipe(stdout, { end: false });
    await once(stream, "end");
  } finally {
    stdout.off("resize", adapt);
    stdin.unpipe(stream);
    stdin.setRawMode(false);
  }
  return exitCode();
}

async function joinPipes(program: Spawned): Promise<number> {
  const { stdin, stdout, stderr } = process;
  const end = () => void program.kill("TERM").catch(() => undefined);
  const signals = ["SIGINT", "SIGTERM", "SIGHUP"] as const;
  for (const signal of signals) process.on(signal, end);
  // Who reads our output may be gone before its end, as `head` is.
  stdout.on("error", end);
  try {
    stdin.pipe(program.stream);
    for await (const { from, data } of program.output) {
      await new Promise((written) => (from === "stdout" ? stdout : stderr).write(data, written));
    }
    return await program.exitCode();
  } finally {
    for (const signal of signals) process.off(signal, end);
    stdout.off("error", end);
    stdin.unpipe(program.stream);
  }
}
