import { chmodSync, mkdirSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import type { Duplex } from "node:stream";
import { attach } from "../machines/container/backend.ts";
import { ContainerMachine } from "../machines/container/machine.ts";
import { quoted } from "../machines/quoted.ts";
import { knownHostsText, type SshHost, sshConfigText } from "../machines/ssh/config.ts";
import { type InventoryMachine, loadInventory } from "../machines/ssh/inventory.ts";
import { sshPort } from "../machines/sshd.ts";
import { accessFrom } from "../machines/vm/access.ts";
import { managed } from "../machines/vm/layout.ts";
import { VmMachine } from "../machines/vm/machine.ts";
import { LabBroken } from "../model/errors.ts";
import type { Machine, RaisedLab } from "../model/machines.ts";
import { findRun, keysFolder } from "./registry.ts";

/** The `hardway` command of this checkout. */
const hardway = resolve(import.meta.dirname, "../../bin/hardway.js");

/**
 * An ssh_config(5) for the machines of a run that have an sshd: VMs, and containers whose image has one. The keys are in the run's
 * folder of keys, and go with its machines; nothing of the user's ~/.ssh is read or written. Throws `LabBroken` when no
 * machine has one.
 */
export async function sshConfigOfRun(id: string): Promise<string> {
  const borrowed = findRun(id)?.borrowed;
  if (borrowed) return withKnownHosts(id, borrowed.machines.map(hostOf));
  await using lab = await attach(id);
  const machines = [...lab.machines.values()];
  const having = await Promise.all(machines.map(sshdOn));
  const listening = machines.filter((_, index) => having[index]);
  if (listening.length === 0)
    throw new LabBroken("all machines of this lab are containers without an sshd", {
      who: id,
      look: "npx hardway shell <machine>; with --machines vm the cluster's machines are VMs",
    });
  const { privateKey, hostKey } = await accessFrom(keeperOf(lab));
  const identityFile = join(folderOf(id), "id_ed25519");
  writeFileSync(identityFile, privateKey, { mode: 0o600 });
  chmodSync(identityFile, 0o600);
  const hosts = listening.map(({ name }) => ({
    name,
    user: "root",
    identityFile,
    hostKeys: [hostKey],
    proxyCommand: [process.execPath, hardway, "ssh-proxy", "--run", id, name].map(quoted).join(" "),
  }));
  const aside = machines
    .filter((machine) => !listening.includes(machine))
    .map(({ name }) => `# ${name} is a container and has no sshd: npx hardway shell ${name}\n`);
  return `${aside.join("")}${withKnownHosts(id, hosts)}`;
}

async function sshdOn(machine: Machine): Promise<boolean> {
  if (machine instanceof VmMachine) return true;
  return (await machine.sh(["test", "-x", "/usr/sbin/sshd"], { ok: "any" })).exitCode === 0;
}

/** Who keeps the lab's keys: a hull where there is one, else the fabric. */
function keeperOf({ machines, fabric }: RaisedLab) {
  const vm = [...machines.values()].find((machine) => machine instanceof VmMachine);
  return vm ? vm.hull.sh : fabric.sh;
}

/** An ssh_config(5) for the machines of an inventory file. */
export function sshConfigOfInventory(file: string): string {
  const machines = [...loadInventory(file).values()];
  return withKnownHosts(resolve(file).replaceAll(/\W+/g, "-"), machines.map(hostOf));
}

const hostOf = ({ bastion, ...machine }: InventoryMachine): SshHost => ({
  ...machine,
  ...(bastion !== undefined && { proxyJump: bastion }),
});

/** A connection to the sshd of a machine: what the configuration of a run's machines calls. Disposing of the lab ends it. */
export function dialSshd(machine: Machine): Promise<Duplex> {
  if (machine instanceof VmMachine) return machine.hull.dial(managed.guest, sshPort);
  if (machine instanceof ContainerMachine) return machine.dial("127.0.0.1", sshPort);
  throw new LabBroken("it is reached by ssh as its inventory says", { who: machine.name });
}

function withKnownHosts(id: string, hosts: readonly SshHost[]): string {
  const file = join(folderOf(id), "known_hosts");
  writeFileSync(file, knownHostsText(hosts));
  return sshConfigText(hosts, file);
}

function folderOf(id: string): string {
  mkdirSync(keysFolder(id), { recursive: true, mode: 0o700 });
  return keysFolder(id);
}
