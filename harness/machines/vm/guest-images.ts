import type { ImageSet, RootFs } from "#harness/model/images";
import type { FileTree } from "#harness/model/units";
import { sshdConfig } from "../sshd.ts";

const filters = ["iptables", "iptables-save", "iptables-restore", "ip6tables", "ip6tables-save", "ip6tables-restore"];

/**
 * The kernel of User-mode Linux lacks the families ip and ip6 of nf_tables, so machines and pods get the older packet
 * filter under the names that come first in their PATH; upstream's images choose between the two by the kernel too
 * (https://github.com/kubernetes-sigs/iptables-wrappers).
 */
export const legacyFilters: FileTree = Object.fromEntries(
  filters.map((name) => [
    `/usr/local/sbin/${name}`,
    { content: `#!/bin/sh\nexec /usr/sbin/${name.replace("tables", "tables-legacy")} "$@"\n`, mode: 0o755 },
  ]),
);

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

/** The disk of a guest: that of the machine, with what a computer of its own needs to be reached. */
export function guestRootFs(machine: RootFs): RootFs {
  return {
    ...machine,
    name: `${machine.name} (VM)`,
    packages: [...machine.packages, "openssh-server"],
    files: {
      ...machine.files,
      ...legacyFilters,
      "/etc/ssh/sshd_config": sshdConfig,
      "/usr/lib/hardway/init": { content: init, mode: 0o755 },
    },
  };
}

/** The same images for guests: the machine's as `guestRootFs` says, pods with the packet filter that the kernel has. */
export function guestImages(set: ImageSet): ImageSet {
  return {
    name: `${set.name}-vm`,
    machine: guestRootFs(set.machine),
    pods: set.pods.map((pod) =>
      pod.base?.packages.includes("iptables") ? { ...pod, files: { ...legacyFilters, ...pod.files } } : pod,
    ),
  };
}
