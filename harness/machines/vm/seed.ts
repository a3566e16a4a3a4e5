import { guestNetwork, hostsOf } from "#harness/fabric/wiring";
import type { ResolvedNode, ResolvedTopology } from "#harness/model/topology";
import type { FileTree } from "#harness/model/units";
import { noResolver } from "../container/profile.ts";
import { machineIdOf } from "../machine-id.ts";
import { sshdKeys } from "../sshd.ts";
import type { LabKeys } from "./access.ts";
import { managed } from "./layout.ts";

/** The engine's own lines of /etc/hosts in a container. */
const localHosts = `127.0.0.1	localhost
::1	localhost ip6-localhost ip6-loopback
fe00::0	ip6-localnet
ff00::0	ip6-mcastprefix
ff02::1	ip6-allnodes
ff02::2	ip6-allrouters
`;

/** Nobody gets in to read the journal of a guest whose sshd does not start. */
const tellsConsole = `[Service]
StandardError=journal+console
`;

/** What makes a guest this machine and no other: unpacked over its root file system whenever it boots. */
export function seedOf(node: ResolvedNode, topology: ResolvedTopology, run: string, keys: LabKeys): FileTree {
  const hosts = hostsOf(node, topology).map(({ name, address }) => `${address}\t${name}\n`);
  return {
    "/etc/hostname": `${node.name}\n`,
    "/etc/hosts": `${localHosts}${hosts.join("")}`,
    "/etc/resolv.conf": `nameserver ${noResolver}\n`,
    "/etc/machine-id": `${machineIdOf(run, node.name)}\n`,
    ...sshdKeys(keys),
    "/etc/systemd/system/ssh.service.d/console.conf": tellsConsole,
    "/etc/hardway/guest": guestScript(node),
  };
}

/**
 * Runs before systemd. An engine gives containers without a network of its own no IPv6, so guests have none; User-mode Linux has
 * it as a module, which otherwise is loaded later. The kubelet reads the clock of processors, which the kernel of User-mode Linux does not tell;
 * containerd starts only where its store is a mount, which is so on machines of the cluster.
 */
function guestScript(node: ResolvedNode): string {
  const clustered = node.role === "control-plane" || node.role === "worker";
  return `mount -o remount,noatime /
modprobe ipv6
for what in all default; do echo 1 > /proc/sys/net/ipv6/conf/$what/disable_ipv6; done
${guestNetwork(node)}
name ${managed.mac} ${managed.name}
ip address add ${managed.guest}/30 dev ${managed.name}
ip link set ${managed.name} up
if ! grep -q '^cpu MHz' /proc/cpuinfo; then
  (sed /^$/d /proc/cpuinfo; printf 'cpu MHz\\t\\t: 2000.000\\n\\n') >/etc/hardway/cpuinfo
  mount --bind /etc/hardway/cpuinfo /proc/cpuinfo
fi
${clustered ? "mount --bind /var/lib/containerd /var/lib/containerd\nmodprobe -a br_netfilter overlay\n" : ""}`;
}
