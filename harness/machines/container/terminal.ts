import { once } from "node:events";
import type { Container } from "dockerode";
import { LabBroken } from "#harness/model/errors";
import { quoted } from "../quoted.ts";
import { sshFromHull } from "../vm/access.ts";
import { engine } from "./engine.ts";
import { spawn } from "./exec.ts";
import { label } from "./labels.ts";

/**
 * Runs a program on a machine of a lab that is up, joined to this process's standard streams, and returns its exit
 * code. Between two terminals it gets one of its own, so that editors, pagers and Ctrl-C work; else input and output
 * are passed as they are, apart, and the program ends with this process. `machine` may be `fabric`, where the
 * segments' bridges are. Throws `LabBroken` when there is no such machine or it does not run.
 */
export async function enter(runId: string, machine: string, argv: readonly string[]): Promise<number> {
  const { container, isHull } = await containerOf(runId, machine);
  const terminal = process.stdin.isTTY === true && process.stdout.isTTY === true;
  const command = isHull ? sshFromHull([terminal ? "-tt" : "-T"], argv.map(quoted).join(" ")) : argv;
  try {
    return await (terminal ? onTerminal(container, machine, command) : onPipes(container, machine, command));
  } finally {
    process.stdin.destroy();
  }
}

/** The container that is a machine, or the hull of one that is a VM. */
async function containerOf(
  runId: string,
  machine: string,
): Promise<{ readonly container: Container; readonly isHull: boolean }> {
  const { docker } = await engine();
  const containers = await docker.listContainers({ filters: { label: [`${label.run}=${runId}`] } });
  const nameOf = (labels: Record<string, string>) => labels[label.node] ?? labels[label.is];
  const found = containers.find(({ Labels }) => nameOf(Labels) === machine);
  if (found) return { container: docker.getContainer(found.Id), isHull: found.Labels[label.machine] === "vm" };
  const names = containers.map(({ Labels }) => nameOf(Labels)).sort();
  throw new LabBroken("there is no such machine in this lab", {
    who: machine,
    seen: names.length > 0 ? names.join(" ") : "no machine of it runs",
    look: "npx hardway status",
  });
}

async function onTerminal(container: Container, who: string, argv: readonly string[]): Promise<number> {
  const { stdin, stdout } = process;
  const exec = await container
    .exec({
      Cmd: [...argv],
      Env: [`TERM=${process.env.TERM ?? "xterm"}`],
      AttachStdin: true,
      AttachStdout: true,
      AttachStderr: true,
      Tty: true,
    })
    .catch((cause) => {
      throw new LabBroken("the machine does not run", { who, seen: cause.message, cause });
    });
  const stream = await exec.start({ hijack: true, stdin: true, Tty: true });
  const resize = () => void exec.resize({ h: stdout.rows, w: stdout.columns }).catch(() => undefined);
  stdin.setRawMode(true);
  try {
    stdout.on("resize", resize);
    resize();
    stdin.pipe(stream);
    stream.pipe(stdout, { end: false });
    await once(stream, "end");
  } finally {
    stdout.off("resize", resize);
    stdin.unpipe(stream);
    stdin.setRawMode(false);
  }
  return (await exec.inspect()).ExitCode ?? 1;
}

async function onPipes(container: Container, who: string, argv: readonly string[]): Promise<number> {
  const { stdin, stdout, stderr } = process;
  const program = await spawn(container, who, argv, { stdin: true });
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
