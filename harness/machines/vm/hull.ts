import { wireName } from "#harness/fabric/wiring";
import { slower } from "#harness/judging/pace";
import type { ResolvedNode } from "#harness/model/topology";
import type { CreateOptions } from "../container/lab-container.ts";
import { wiredGate } from "../container/profile.ts";
import { type Emulator, memoryOf } from "./emulator.ts";
import { diskFolder, managed, managementTap, scratch } from "./layout.ts";

const megabyte = 2 ** 20;

/** What a container weighs where processors are contended (`docker run --cpu-shares`). A guest that is to keep pace weighs more. */
const oneShare = 1024;

/** What the hull's own processes and the page cache of the guest's disk need beside the guest's memory, in MB. */
const ownMemory = 384;

/**
 * What a hull does: it waits for its wires, joins each by a bridge of its own with a tap of the guest, and is the guest
 * from then on. A shell stays its first process: a kernel that panics ends itself by a signal, and who is first in a PID
 * namespace does not hear its own. Guests are spread over the CPUs by `nth`, which counts those of a lab.
 */
export function hullScript(emulator: Emulator, node: ResolvedNode, nth: number): string {
  const bridged = node.interfaces.flatMap((_, index) => [
    `link add bridge${index} mtu 1500 type bridge stp_state 0 forward_delay 0 mcast_snooping 0`,
    `tuntap add tap${index} mode tap`,
    ...[wireName(index), `tap${index}`].map((port) => `link set ${port} master bridge${index} up`),
    `link set bridge${index} up`,
  ]);
  return `
set -e
[ -e /dev/net/tun ] || { mkdir -p /dev/net; mknod /dev/net/tun c 10 200; }
for family in all default; do echo 1 > /proc/sys/net/ipv6/conf/$family/disable_ipv6; done 2>/dev/null || true
for nf in /proc/sys/net/bridge/bridge-nf-call-*; do [ ! -e $nf ] || echo 0 > $nf; done
mkfifo ${wiredGate} 2>/dev/null || true
read -r _ < ${wiredGate}
rm -f ${wiredGate}
ip -batch - <<'EOF'
${bridged.join("\n")}
tuntap add ${managementTap} mode tap
addr add ${managed.hull}/30 dev ${managementTap}
link set ${managementTap} up
EOF
${emulator.guest(node, nth)} || exit $?
`;
}

/** What an emulator needs of the engine: network cards (10:200 is /dev/net/tun) and, if it is there, /dev/kvm (10:232). */
export const bareHostConfig: CreateOptions["HostConfig"] = {
  CapAdd: ["NET_ADMIN", "NET_RAW", "MKNOD"],
  SecurityOpt: ["seccomp=unconfined", "apparmor=unconfined"],
  MaskedPaths: [],
  ReadonlyPaths: [],
  DeviceCgroupRules: ["c 10:200 rwm", "c 10:232 rwm"],
  LogConfig: { Type: "json-file", Config: { "max-size": "1m" } },
};

/** How the container of a hull is made. `disk` is the volume with the base of the guest's disk. */
export function hullOptions(emulator: Emulator, node: ResolvedNode, nth: number, disk: string): CreateOptions {
  const memory = (memoryOf(node) + ownMemory) * megabyte;
  return {
    Hostname: node.name,
    Entrypoint: ["/bin/sh", "-c", hullScript(emulator, node, nth)],
    Cmd: [],
    Tty: true,
    HostConfig: {
      ...bareHostConfig,
      Tmpfs: { [scratch]: `exec,size=${memoryOf(node) + 64}m` },
      Memory: memory,
      MemorySwap: memory,
      CpuShares: slower * oneShare,
      Mounts: [
        { Type: "volume", Source: disk, Target: diskFolder, ReadOnly: true, VolumeOptions: { NoCopy: true } as never },
      ],
    },
  };
}
