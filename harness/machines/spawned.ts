import { randomUUID } from "node:crypto";
import type { Duplex } from "node:stream";

/** A piece of a program's output. */
export interface Frame {
  readonly from: "stdout" | "stderr";
  readonly data: Buffer;
}

/** A program that runs on a machine. */
export interface Spawned {
  readonly output: AsyncIterable<Frame>;
  /** The raw stream; writing to it is the process's standard input. */
  readonly stream: Duplex;
  /** Call it after the output ended. Throws `LabBroken` when the machine went away under the process. */
  exitCode(): Promise<number>;
  /** Signals the process and all that it started, wherever they moved to. */
  kill(signal: "INT" | "TERM" | "KILL"): Promise<void>;
}

/** What marks every process of one command, its children too, so that they can be found again to be killed. */
export interface Mark {
  /** To be in the environment of the command. */
  readonly variable: string;
  /** Line of shell that signals all of them. */
  kill(signal: "INT" | "TERM" | "KILL"): string;
}

/** A mark that no other command bears. */
export function newMark(): Mark {
  const variable = `HARDWAY_EXEC=${randomUUID()}`;
  return {
    variable,
    kill: (signal) =>
      `for p in $(grep -lsF ${variable} /proc/[0-9]*/environ | cut -d/ -f3); do kill -${signal} $p 2>/dev/null; done; true`,
  };
}
