import type { Container } from "dockerode";
import { ms } from "#harness/judging/duration";
import { within } from "#harness/judging/within";
import { LabBroken, reasonOf } from "#harness/model/errors";
import { newMark, type Spawned } from "../spawned.ts";
import { answered } from "./engine.ts";
import { Frames } from "./frames.ts";

/** Starts a program in a container through the engine's exec API. Throws `LabBroken` when the container does not run. */
export async function spawn(
  container: Container,
  who: string,
  argv: readonly string[],
  { stdin }: { readonly stdin: boolean },
): Promise<Spawned> {
  const mark = newMark();
  const gone = (cause: unknown) =>
    new LabBroken(`could not run \`${argv.join(" ").slice(0, 200)}\``, {
      who,
      seen: reasonOf(cause),
      cause,
    });
  const exec = await container
    .exec({
      Cmd: [...argv],
      Env: [mark.variable],
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
      const killer = await container
        .exec({ Cmd: ["/bin/sh", "-c", mark.kill(signal)], AttachStdout: true, AttachStderr: true })
        .catch((error) => {
          if (answered(error, 404, 409)) return undefined;
          throw gone(error);
        });
      const done = await killer?.start({ hijack: true });
      if (done) for await (const _ of done);
    },
  };
}
