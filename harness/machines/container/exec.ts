import { randomUUID } from "node:crypto";
import type { Duplex } from "node:stream";
import type { Container } from "dockerode";
import { ms } from "#harness/judging/duration";
import { within } from "#harness/judging/within";
import { LabBroken, reasonOf } from "#harness/model/errors";
import { answered } from "./engine.ts";
import { Frames } from "./frames.ts";

/** Marks every process of one command, its children too, so that they can be found again to be killed. */
const cookie = "HARDWAY_EXEC";

export interface Spawned {
  /** What comes out: frames of standard output and standard error. */
  readonly output: AsyncIterable<{ readonly from: "stdout" | "stderr"; readonly data: Buffer }>;
  /** The raw stream; writing to it is the process's standard input. */
  readonly stream: Duplex;
  /** Call it after the output ended. Throws `LabBroken` when the container went away under the process. */
  exitCode(): Promise<number>;
  /** Signals the process and all that it started, wherever they moved to. */
  kill(signal: "INT" | "TERM" | "KILL"): Promise<void>;
}

/** Starts a program in a container through the engine's exec API. Throws `LabBroken` when the container does not run. */
export async function spawn(
  container: Container,
  who: string,
  argv: readonly string[],
  { stdin }: { readonly stdin: boolean },
): Promise<Spawned> {
  const id = randomUUID();
  const gone = (cause: unknown) =>
    new LabBroken(`could not run \`${argv.join(" ").slice(0, 200)}\``, {
      who,
      seen: reasonOf(cause),
      cause,
    });
  const exec = await container
    .exec({
      Cmd: [...argv],
      Env: [`${cookie}=${id}`],
      AttachStdin: stdin,
      AttachStdout: true,
      AttachStderr: true,
      Tty: false,
    })
    .catch((cause) => {
      throw gone(cause);
    });
  const stream = await exec.start({ hijack: true, stdin }).catch((cause) => {
    throw gone(cause);
  });
  const frames = new Frames();
  stream.on("error", (error) => frames.destroy(error));
  stream.pipe(frames);

  return {
    output: frames,
    stream,
    async exitCode() {
      // The engine ends the stream a moment before it writes down the exit code.
      const until = Date.now() + ms(within.oneLook.within);
      for (;;) {
        const state = await exec.inspect().catch((cause) => {
          throw gone(cause);
        });
        if (!state.Running && state.ExitCode !== null) return state.ExitCode;
        if (Date.now() > until)
          throw new LabBroken(`\`${argv.join(" ").slice(0, 200)}\` ended its output but not itself`, { who });
        await new Promise((resolve) => setTimeout(resolve, 5));
      }
    },
    async kill(signal) {
      const script = `for p in $(grep -lsF ${cookie}=${id} /proc/[0-9]*/environ | cut -d/ -f3); do kill -${signal} $p 2>/dev/null; done; true`;
      const killer = await container
        .exec({ Cmd: ["/bin/sh", "-c", script], AttachStdout: true, AttachStderr: true })
        .catch((error) => {
          if (answered(error, 404, 409)) return undefined;
          throw gone(error);
        });
      const done = await killer?.start({ hijack: true });
      if (done) for await (const _ of done);
    },
  };
}
