import { readFileSync } from "node:fs";
import { homedir } from "node:os";
import { dirname, resolve } from "node:path";
import { parse } from "yaml";
import { LabBroken, Misdeclared, reasonOf } from "#harness/model/errors";

/** A machine that exists already, and how ssh reaches it. */
export interface InventoryMachine {
  readonly name: string;
  /** A name or an address, as it is reached from here or from its bastion. */
  readonly address: string;
  /** Default 22. */
  readonly port: number;
  /** root, or somebody who may `sudo -n`. Default root. */
  readonly user: string;
  /** File with the private key, without a passphrase. */
  readonly identityFile: string;
  /** Keys that its sshd may show: `ssh-ed25519 AAAA…`, or fingerprints `SHA256:…`. */
  readonly hostKeys: readonly string[];
  /** The machine of the inventory through which it is reached. */
  readonly bastion?: string;
  /** Line of shell whose standard input and output are the connection, as in ssh_config(5) without its tokens. */
  readonly proxyCommand?: string;
}

export type Inventory = ReadonlyMap<string, InventoryMachine>;

/** Reads an inventory file. Throws `LabBroken` when it cannot be read, `Misdeclared` as `readInventory` does. */
export function loadInventory(file: string): Inventory {
  let text: string;
  try {
    text = readFileSync(file, "utf8");
  } catch (cause) {
    throw new LabBroken("the inventory cannot be read", { who: file, seen: reasonOf(cause), cause });
  }
  return readInventory(text, file);
}

const fields = ["address", "port", "user", "identityFile", "hostKeys", "bastion", "proxyCommand"] as const;

/**
 * An inventory from YAML or JSON: machines by name, each with the fields of `InventoryMachine`, and under `defaults` what
 * they have in common. Paths are relative to the file. Throws `Misdeclared` with everything that is wrong with it.
 */
export function readInventory(text: string, file: string): Inventory {
  let written: unknown;
  try {
    written = parse(text);
  } catch (cause) {
    throw new Misdeclared(file, [`it is neither YAML nor JSON: ${reasonOf(cause).split("\n")[0]}`]);
  }
  const { machines, defaults = {}, ...rest } = isMap(written) ? written : {};
  if (!isMap(machines) || Object.keys(machines).length === 0)
    throw new Misdeclared(file, ["it lists no machines: write `machines:`, and under it each by its name"]);
  const problems = Object.keys(rest).map((key) => `${key}: there is no such part; there are machines and defaults`);
  const inventory = new Map<string, InventoryMachine>();
  for (const [name, own] of Object.entries(machines)) {
    const said = { ...(isMap(defaults) ? defaults : {}), ...(isMap(own) ? own : {}) };
    const wrong = problemsOf(name, said, machines);
    problems.push(...wrong.map((problem) => `${name}: ${problem}`));
    if (wrong.length === 0) inventory.set(name, machineOf(name, said, dirname(file)));
  }
  problems.push(...[...inventory.values()].flatMap((machine) => circleProblems(machine, inventory)));
  if (problems.length > 0) throw new Misdeclared(file, problems);
  return inventory;
}

type Said = Readonly<Record<string, unknown>>;

const isMap = (value: unknown): value is Said => typeof value === "object" && value !== null && !Array.isArray(value);
const isText = (value: unknown): value is string => typeof value === "string" && value !== "";
const listOf = (value: unknown): readonly unknown[] => (Array.isArray(value) ? value : [value]);

function problemsOf(name: string, said: Said, machines: Said): string[] {
  const { address, port, user, identityFile, hostKeys, bastion, proxyCommand } = said;
  const known: readonly string[] = fields;
  return [
    ...Object.keys(said)
      .filter((field) => !known.includes(field))
      .map((field) => `${field}: there is no such field; there are ${fields.join(", ")}`),
    ...(isText(address) || proxyCommand !== undefined ? [] : ["it has no address"]),
    ...(port === undefined || (Number.isInteger(port) && Number(port) > 0 && Number(port) < 65536)
      ? []
      : [`port ${JSON.stringify(port)} is none`]),
    ...(user === undefined || isText(user) ? [] : ["its user is no name"]),
    ...(isText(identityFile) ? [] : ["it has no identityFile, the private key that it lets in"]),
    ...hostKeyProblems(hostKeys),
    ...(bastion === undefined || (isText(bastion) && Object.hasOwn(machines, bastion) && bastion !== name)
      ? []
      : [`its bastion ${JSON.stringify(bastion)} is no other machine of the inventory`]),
    ...(bastion === undefined || proxyCommand === undefined
      ? []
      : ["it has a bastion and a proxyCommand: it can have one"]),
    ...(proxyCommand === undefined || isText(proxyCommand) ? [] : ["its proxyCommand is no line of shell"]),
    ...(isText(proxyCommand) && /%[hprn]/.test(proxyCommand)
      ? ["its proxyCommand has tokens such as %h, which are not replaced here: write address, port and user out"]
      : []),
  ];
}

const hostKey = /^(SHA256:[A-Za-z0-9+/]{43}|(ssh-|ecdsa-)\S+ AAAA\S+( .*)?)$/;

function hostKeyProblems(hostKeys: unknown): string[] {
  if (listOf(hostKeys ?? []).length === 0)
    return [
      "it has no hostKeys, by which it is known again: `ssh-keyscan <address>` shows them, from where you trust the way",
    ];
  return listOf(hostKeys)
    .filter((key) => !isText(key) || !hostKey.test(key))
    .map((key) => `${JSON.stringify(key)} is neither a host key (ssh-ed25519 AAAA…) nor a fingerprint (SHA256:…)`);
}

/** Bastions of bastions are fine, unless they lead back. */
function circleProblems(machine: InventoryMachine, inventory: Inventory): string[] {
  const way = [machine.name];
  for (let next = machine.bastion; next !== undefined; next = inventory.get(next)?.bastion) {
    if (way.includes(next))
      return next === machine.name
        ? [`${machine.name}: its bastions lead back to itself: ${[...way, next].join(" → ")}`]
        : [];
    way.push(next);
  }
  return [];
}

function machineOf(name: string, said: Said, folder: string): InventoryMachine {
  const { address = name, port = 22, user = "root", identityFile, hostKeys, bastion, proxyCommand } = said;
  return {
    name,
    address: address as string,
    port: port as number,
    user: user as string,
    identityFile: resolve(folder, (identityFile as string).replace(/^~(?=\/)/, homedir())),
    hostKeys: listOf(hostKeys) as readonly string[],
    ...(bastion !== undefined && { bastion: bastion as string }),
    ...(proxyCommand !== undefined && { proxyCommand: proxyCommand as string }),
  };
}
