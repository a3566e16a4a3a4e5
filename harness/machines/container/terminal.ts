import type { Container } from "dockerode";
import { LabBroken } from "#harness/model/errors";
import { quoted } from "../quoted.ts";
import { joined, type OnTerminal } from "../terminal.ts";
import { sshFromHull } from "../vm/access.ts";
import { engine } from "./engine.ts";
import { spawn } from "./exec.ts";
import { label } from "./labels.ts";

/**
 * Runs a program on a machine of a lab that is up, joined to this process's standard streams, see `joined`. `machine` may
 * be `fabric`, where the segments' bridges are. Throws `LabBroken` when there is no such machine or it does not run.
 */
export async function enter(runId: string, machine: string, argv: readonly string[]): Promise<number> {
  const { container, isHull } = await containerOf(runId, machine);
  const command = (terminal: "-tt" | "-T") => (isHull ? sshFromHull([terminal], argv.map(quoted).join(" ")) : argv);
  return joined({
    onTerminal: () => onTerminal(container, machine, command("-tt")),
    onPipes: () => spawn(container, machine, command("-T"), { stdin: true }),
  });
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

async function onTerminal(container: Container, who: string, argv: readonly string[]): Promise<OnTerminal> {
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
  return {
    stream: await exec.start({ hijack: true, stdin: true, Tty: true }),
    resize: (h, w) => void exec.resize({ h, w }).catch(() => undefined),
    exitCode: async () => (await exec.inspect()).ExitCode ?? 1,
  };
}
