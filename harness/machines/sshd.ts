import type { ImageSet } from "#harness/model/images";
import type { FileTree } from "#harness/model/units";
import type { LabKeys } from "./vm/access.ts";

/** How sshd listens on machines of a lab: root by the lab's key, and nobody else. */
export const sshdConfig = `PermitRootLogin prohibit-password
PasswordAuthentication no
UsePAM no
UseDNS no
PrintMotd no
HostKey /etc/ssh/ssh_host_ed25519_key
MaxSessions 100
MaxStartups 100
Subsystem sftp internal-sftp
`;

/** What lets the lab's key in, and by what a machine is known. */
export const sshdKeys = ({ root, host }: LabKeys): FileTree => ({
  "/root/.ssh/authorized_keys": { content: `${root.public}\n`, mode: 0o600 },
  "/etc/ssh/ssh_host_ed25519_key": { content: host.private, mode: 0o600 },
});

/** Whether machines of these images have an sshd although they are containers. */
export const hasSshd = ({ machine }: Pick<ImageSet, "machine">): boolean => machine.packages.includes("openssh-server");

export const sshPort = 22;
