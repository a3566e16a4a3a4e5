import { LabBroken } from "../model/errors.ts";
import { attachLab, enter } from "../run/attach.ts";
import { chooseRun } from "./labs.ts";
import { scenarioById } from "./scenarios.ts";

interface OnRun {
  readonly run?: string;
}

/** A root shell on a machine. Returns its exit code. */
export async function shell(machine: string, { run }: OnRun): Promise<number> {
  return enter(chooseRun(run).id, machine, ["/bin/bash", "-l"]);
}

/** Runs a command on a machine. Returns its exit code. */
export async function exec(machine: string, command: readonly string[], { run }: OnRun): Promise<number> {
  return enter(chooseRun(run).id, machine, command);
}

/** Runs kubectl on the first control plane, as the cluster's admin. Returns its exit code. */
export async function kubectl(args: readonly string[], { run: wanted }: OnRun): Promise<number> {
  const { id, scenario } = chooseRun(wanted);
  const { cluster } = await scenarioById(scenario);
  await using lab = await attachLab(id);
  const control = [...lab.machines.values()].find(({ node }) => node.role === "control-plane");
  if (!control) throw new LabBroken("this lab has no control plane", { who: id });
  return enter(id, control.name, ["kubectl", `--kubeconfig=${cluster.provisioner.adminKubeconfig}`, ...args]);
}

/** Prints the journal of a machine, or of one unit. Returns journalctl's exit code. */
export async function logs(
  machine: string,
  unit: string | undefined,
  { run, follow = false, lines }: OnRun & { readonly follow?: boolean; readonly lines: string },
): Promise<number> {
  const command = ["journalctl", "--no-pager", `--lines=${lines}`];
  if (follow) command.push("--follow");
  if (unit !== undefined) command.push(`--unit=${unit}`);
  return enter(chooseRun(run).id, machine, command);
}
