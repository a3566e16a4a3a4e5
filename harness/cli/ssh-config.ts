import { chmodSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { pipeline } from "node:stream/promises";
import { asSshConfig } from "../inventory/formats.ts";
import { sshEntries } from "../inventory/inventory.ts";
import { attach } from "../machines/container/backend.ts";
import { quoted } from "../machines/quoted.ts";
import { knownHostsText, type SshHost, sshConfigText } from "../machines/ssh/config.ts";
import { type InventoryMachine, loadInventory } from "../machines/ssh/inventory.ts";
import { accessFrom } from "../machines/vm/access.ts";
import { managed } from "../machines/vm/layout.ts";
import { VmMachine } from "../machines/vm/machine.ts";
import { LabBroken } from "../model/errors.ts";
import { keysFolder } from "../run/registry.ts";
import { exitCodes } from "./exit.ts";
import { serversIn } from "./inventory.ts";
import { chooseRun } from "./labs.ts";
import { project } from "./scenarios.ts";

export interface SshConfigOptions {
  /** Where the configuration goes. Default standard output. */
  readonly write?: string;
  /** Of the machines of an inventory instead of a lab's. */
  readonly inventory?: string;
  /** Of a list of servers with tags instead of a lab's. */
  readonly servers?: string;
  /** Of which cluster of that list. Default `HARDWAY_CLUSTER`. */
  readonly cluster?: string;
}

/** Writes an ssh_config(5) for a lab's machines that are VMs, for those of an inventory, or for servers with the tag `@sshconfig`. */
export async function sshConfig(wanted: string | undefined, options: SshConfigOptions): Promise<number> {
  const { write, inventory, servers, cluster } = options;
  const text = servers
    ? asSshConfig(sshEntries(serversIn(servers), cluster ?? (process.env.HARDWAY_CLUSTER || undefined)))
    : inventory
      ? ofInventory(inventory)
      : await ofRun(wanted);
  if (write === undefined) process.stdout.write(text);
  else writeFileSync(write, text);
  return exitCodes.conforms;
}

/** Joins standard input and output to the sshd of a VM: what the configuration of a lab calls. */
export async function sshProxy(machine: string, { run }: { readonly run?: string }): Promise<number> {
  await using lab = await attach(chooseRun(run).id);
  const vm = lab.machines.get(machine);
  if (!(vm instanceof VmMachine)) throw new LabBroken("there is no VM of this name in the lab", { who: machine });
  const sshd = await vm.hull.dial(managed.guest, sshPort);
  const received = pipeline(sshd, process.stdout);
  process.stdin.pipe(sshd);
  await received;
  return exitCodes.conforms;
}

const sshPort = 22;

function ofInventory(file: string): string {
  const machines = [...loadInventory(file).values()];
  return withKnownHosts(file.replaceAll(/\W+/g, "-"), machines.map(hostOf));
}

const hostOf = ({ bastion, ...machine }: InventoryMachine): SshHost => ({
  ...machine,
  ...(bastion !== undefined && { proxyJump: bastion }),
});

async function ofRun(wanted: string | undefined): Promise<string> {
  const { id } = chooseRun(wanted);
  await using lab = await attach(id);
  const vms = [...lab.machines.values()].filter((machine) => machine instanceof VmMachine);
  const others = [...lab.machines.keys()].filter((name) => vms.every((vm) => vm.name !== name));
  const [first] = vms;
  if (!first)
    throw new LabBroken("all machines of this lab are containers, and containers have no sshd", {
      who: id,
      look: "npx hardway shell <machine>; with --machines vm the cluster's machines are VMs",
    });
  const { privateKey, hostKey } = await accessFrom(first.hull.sh);
  const identityFile = join(keysFolder(id), "id_ed25519");
  mkdirSync(keysFolder(id), { recursive: true, mode: 0o700 });
  writeFileSync(identityFile, privateKey, { mode: 0o600 });
  chmodSync(identityFile, 0o600);
  const hosts = vms.map(({ name }) => ({
    name,
    user: "root",
    identityFile,
    hostKeys: [hostKey],
    proxyCommand: [process.execPath, join(project, "bin/hardway.js"), "ssh-proxy", "--run", id, name]
      .map(quoted)
      .join(" "),
  }));
  const aside = others.map((name) => `# ${name} is a container and has no sshd: npx hardway shell ${name}\n`).join("");
  return `${aside}${withKnownHosts(id, hosts)}`;
}

function withKnownHosts(id: string, hosts: readonly SshHost[]): string {
  const file = join(keysFolder(id), "known_hosts");
  mkdirSync(keysFolder(id), { recursive: true, mode: 0o700 });
  writeFileSync(file, knownHostsText(hosts));
  return sshConfigText(hosts, file);
}
