import type { Container } from "dockerode";
import { LabBroken } from "#harness/model/errors";
import { engine } from "./engine.ts";
import { label } from "./labels.ts";

/** The end of a terminal: this process's own, unless a test says otherwise. */
export interface Console {
  readonly stdin: NodeJS.ReadStream;
  readonly stdout: NodeJS.WriteStream;
  readonly stderr: NodeJS.WriteStream;
}

/**
 * Runs a program on a machine of a lab that is up, joined to this process's standard streams, and returns its exit
 * code. Between two terminals it gets one of its own, so that editors, pagers and Ctrl-C work; else input and output
 * are passed as they are, apart. `machine` may be `fabric`, where the segments' bridges are.
 * Throws `LabBroken` when there is no such machine or it does not run.
 */
export async function enter(
  runId: string,
  machine: string,
  argv: readonly string[],
  { stdin, stdout, stderr }: Console = process,
): Promise<number> {
  const container = await containerOf(runId, machine);
  const terminal = stdin.isTTY === true && stdout.isTTY === true;
  const exec = await container
    .exec({
      Cmd: [...argv],
      AttachStdin: true,
      AttachStdout: true,
      AttachStderr: true,
      Tty: terminal,
      ...(terminal && { Env: [`TERM=${process.env.TERM ?? "xterm"}`] }),
    })
    .catch((cause) => {
      throw new LabBroken("the machine does not run", { who: machine, seen: cause.message, cause });
    });
  const stream = await exec.start({ hijack: true, stdin: true, Tty: terminal });
  const ended = new Promise<void>((resolve, reject) => {
    stream.once("end", resolve);
    stream.once("close", resolve);
    stream.once("error", reject);
  });

  const resize = () => void exec.resize({ h: stdout.rows, w: stdout.columns }).catch(() => undefined);
  if (terminal) {
    stdin.setRawMode(true);
    stdout.on("resize", resize);
    resize();
    stream.pipe(stdout, { end: false });
  } else {
    container.modem.demuxStream(stream, stdout, stderr);
  }
  stdin.pipe(stream);
  try {
    await ended;
  } finally {
    stdin.unpipe(stream);
    stdin.pause();
    stdout.off("resize", resize);
    if (terminal) stdin.setRawMode(false);
  }
  const { ExitCode } = await exec.inspect();
  return ExitCode ?? 1;
}

async function containerOf(runId: string, machine: string): Promise<Container> {
  const { docker } = await engine();
  const containers = await docker.listContainers({ filters: { label: [`${label.run}=${runId}`] } });
  const nameOf = (labels: Record<string, string>) => labels[label.node] ?? labels[label.is];
  const found = containers.find(({ Labels }) => nameOf(Labels) === machine);
  if (found) return docker.getContainer(found.Id);
  const names = containers.map(({ Labels }) => nameOf(Labels)).sort();
  throw new LabBroken("there is no such machine in this lab", {
    who: machine,
    seen: names.length > 0 ? names.join(" ") : "no machine of it runs",
    look: "npx hardway status",
  });
}
