import type { Shell } from "#harness/model/machines";
import type { FileTree } from "#harness/model/units";
import { type KeyPair, newKeyPair } from "../ssh/keys.ts";
import { keyFile, knownHostsFile, managed } from "./layout.ts";

/** How the guests of one lab are entered, and known again. */
export interface Access {
  /** The private key of root. */
  readonly privateKey: string;
  /** The key that every guest of the lab shows: `ssh-ed25519 AAAA…`. */
  readonly hostKey: string;
}

/** The keys of a new lab: who enters, and what is entered. */
export interface LabKeys {
  readonly root: KeyPair;
  readonly host: KeyPair;
}

export const newLabKeys = (): LabKeys => ({ root: newKeyPair(), host: newKeyPair() });

export const accessOf = ({ root, host }: LabKeys): Access => ({ privateKey: root.private, hostKey: host.public });

/** What a hull, and the fabric, is given of the keys: by it, who attaches to the lab later enters too. It goes when they go. */
export const hullKeys = ({ root, host }: LabKeys): FileTree => ({
  [keyFile]: { content: root.private, mode: 0o600 },
  [knownHostsFile]: `${managed.guest} ${host.public}\n`,
});

/** The access to a lab that another process raised, as a shell in one of its hulls, or in its fabric, finds it. */
export async function accessFrom(hull: Shell): Promise<Access> {
  const { stdout } = await hull(["cat", knownHostsFile, keyFile], { secret: true });
  const [known = "", ...privateKey] = stdout.split("\n");
  return { hostKey: known.slice(known.indexOf(" ") + 1), privateKey: privateKey.join("\n") };
}

/** The command by which a hull runs another on its guest. */
export const sshFromHull = (options: readonly string[], command: string): readonly string[] => [
  ...["ssh", "-q", "-i", keyFile, "-o", `UserKnownHostsFile=${knownHostsFile}`, "-o", "StrictHostKeyChecking=yes"],
  ...["-o", "BatchMode=yes", ...options, `root@${managed.guest}`, command],
];
