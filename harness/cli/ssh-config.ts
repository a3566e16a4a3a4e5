import { writeFileSync } from "node:fs";
import { pipeline } from "node:stream/promises";
import { asSshConfig } from "../inventory/formats.ts";
import { sshEntries } from "../inventory/inventory.ts";
import { LabBroken } from "../model/errors.ts";
import { attachLab } from "../run/attach.ts";
import { dialSshd, sshConfigOfInventory, sshConfigOfRun } from "../run/ssh-config.ts";
import { exitCodes } from "./exit.ts";
import { serversIn } from "./inventory.ts";
import { chooseRun } from "./labs.ts";

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

/** Writes an ssh_config(5) for a lab's machines that have an sshd, for those of an inventory, or for servers with the tag `@sshconfig`. */
export async function sshConfig(wanted: string | undefined, options: SshConfigOptions): Promise<number> {
  const { write, inventory, servers, cluster } = options;
  const text = servers
    ? asSshConfig(sshEntries(serversIn(servers), cluster ?? (process.env.HARDWAY_CLUSTER || undefined)))
    : inventory
      ? sshConfigOfInventory(inventory)
      : await sshConfigOfRun(chooseRun(wanted).id);
  if (write === undefined) process.stdout.write(text);
  else writeFileSync(write, text);
  return exitCodes.conforms;
}

/** Joins standard input and output to the sshd of a machine: what the configuration of a lab calls. */
export async function sshProxy(name: string, { run }: { readonly run?: string }): Promise<number> {
  await using lab = await attachLab(chooseRun(run).id);
  const machine = lab.machines.get(name);
  if (!machine) throw new LabBroken("there is no machine of this name in the lab", { who: name });
  const sshd = await dialSshd(machine);
  const received = pipeline(sshd, process.stdout);
  process.stdin.pipe(sshd);
  await received;
  return exitCodes.conforms;
}
