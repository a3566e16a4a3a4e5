import type { ImageSet, RootFs } from "#harness/model/images";
import { sshdConfig } from "../sshd.ts";
import type { Emulator } from "./emulator.ts";

/**
 * Runs before systemd, as a computer's firmware would. What this machine is comes on its second disk; what else is to be
 * done before systemd starts is in there.
 */
const init = `#!/bin/sh
mount -t proc proc /proc
mount -t sysfs sysfs /sys
for seed in /dev/ubdb /dev/vdb; do
  if [ -b $seed ]; then tar -x -C / -f $seed || echo "hardway: the seed on $seed cannot be read"; fi
done
/bin/sh /etc/hardway/guest || echo "hardway: /etc/hardway/guest failed"
exec /sbin/init
`;

/** The disk of a guest: that of the machine, with what a computer of its own needs to be reached, and what its kernel needs. */
function guestRootFs(machine: RootFs, { files }: Emulator): RootFs {
  return {
    ...machine,
    name: `${machine.name} (VM)`,
    packages: [...machine.packages, "openssh-server"],
    files: {
      ...machine.files,
      ...files,
      "/etc/ssh/sshd_config": sshdConfig,
      "/usr/lib/hardway/init": { content: init, mode: 0o755 },
    },
  };
}

/** The same images for guests: the machine's as `guestRootFs` says, pods with the packet filter that the kernel has. */
export function guestImages(set: ImageSet, emulator: Emulator): ImageSet {
  return {
    name: `${set.name}-vm`,
    machine: guestRootFs(set.machine, emulator),
    pods: set.pods.map((pod) =>
      pod.base?.packages.includes("iptables") ? { ...pod, files: { ...emulator.files, ...pod.files } } : pod,
    ),
  };
}
