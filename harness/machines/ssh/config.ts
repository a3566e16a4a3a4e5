/** One machine of an ssh_config(5). */
export interface SshHost {
  readonly name: string;
  /** Where it is reached, unless a command reaches it. */
  readonly address?: string;
  readonly port?: number;
  readonly user: string;
  readonly identityFile: string;
  readonly proxyJump?: string;
  /** Line of shell whose standard input and output are the connection. */
  readonly proxyCommand?: string;
  /** Keys by which it is known, as a .pub file has them; fingerprints cannot be told to ssh. */
  readonly hostKeys: readonly string[];
}

/** The text of an ssh_config(5) for these machines, each by its name, known by the keys of a file of their own and by nothing else. */
export function sshConfigText(hosts: readonly SshHost[], knownHostsFile: string): string {
  return hosts
    .map((host) => {
      const { name, address, port, user, identityFile, proxyJump, proxyCommand } = host;
      const lines = [
        ...(address === undefined ? [] : [`HostName ${address}`]),
        ...(port === undefined ? [] : [`Port ${port}`]),
        `User ${user}`,
        `IdentityFile ${argument(identityFile)}`,
        "IdentitiesOnly yes",
        ...(proxyJump === undefined ? [] : [`ProxyJump ${proxyJump}`]),
        ...(proxyCommand === undefined ? [] : [`ProxyCommand ${proxyCommand.replaceAll("%", "%%")}`]),
        `HostKeyAlias ${name}`,
        `UserKnownHostsFile ${argument(knownHostsFile)}`,
        `StrictHostKeyChecking ${publicKeysOf(host).length > 0 ? "yes" : "ask"}`,
      ];
      return `Host ${name}\n${lines.map((line) => `  ${line}\n`).join("")}`;
    })
    .join("\n");
}

/** The text of a known_hosts file: what `HostKeyAlias` of `sshConfigText` is looked up in. */
export const knownHostsText = (hosts: readonly SshHost[]): string =>
  hosts.flatMap((host) => publicKeysOf(host).map((key) => `${host.name} ${key}\n`)).join("");

const publicKeysOf = ({ hostKeys }: SshHost): readonly string[] => hostKeys.filter((key) => !key.startsWith("SHA256:"));

/** A path as ssh_config(5) takes it: in quotes, and with its own percent signs doubled. */
const argument = (path: string): string => `"${path.replaceAll("%", "%%")}"`;
