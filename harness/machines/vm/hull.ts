import { wireName } from "#harness/fabric/wiring";
import { slower } from "#harness/judging/pace";
import type { RootFs } from "#harness/model/images";
import type { ResolvedNode } from "#harness/model/topology";
import type { CreateOptions } from "../container/lab-container.ts";
import { wiredGate } from "../container/profile.ts";
import { diskFolder, hullFolder, managed, managementTap } from "./layout.ts";

/** What a hull is made of: the kernel of guests, what connects their network cards, and what a survey of a guest calls. */
export const hullRootFs: RootFs = {
  name: "hull",
  suite: "bookworm",
  packages: [
    ...["user-mode-linux", "kmod", "e2fsprogs", "openssh-client", "perl-base", "procps"],
    ...["iproute2", "ipset", "iptables", "nftables"],
  ],
  programs: {},
  files: {},
  disable: [],
  enable: [],
};

const megabyte = 2 ** 20;

/** What a container weighs where processors are contended (`docker run --cpu-shares`). A guest that is to keep pace weighs more. */
const oneShare = 1024;

/** Memory of a guest, in MB: a control plane holds etcd and an API server. It is taken from the computer as the guest touches it. */
const memoryOf = ({ role }: ResolvedNode): number => (role === "control-plane" ? 2560 : role === "worker" ? 1536 : 512);

/** What the hull's own processes and the page cache of the guest's disk need beside the guest's memory, in MB. */
const ownMemory = 384;

/** Units that systemd starts on any computer and not in a container, with nothing to do on these: half of a boot's time. */
const needless = [
  ...["dm_mod", "loop", "efi_pstore", "configfs", "fuse", "drm"].map((module) => `modprobe@${module}.service`),
  ...["getty.target", "kmod-static-nodes.service", "systemd-binfmt.service", "systemd-random-seed.service"],
  ...["systemd-modules-load.service", "systemd-sysusers.service", "systemd-pcrphase.service"],
  ...["systemd-pcrphase-sysinit.service", "systemd-update-utmp.service", "systemd-update-utmp-runlevel.service"],
  ...["sys-kernel-config.mount", "sys-kernel-debug.mount", "sys-kernel-tracing.mount", "dev-hugepages.mount"],
];

/**
 * The kernel of User-mode Linux is a process. It keeps the guest's memory in a file without a name in TMPDIR, which must
 * be on a tmpfs from where programs may be run, and makes `disk.cow`, with what differs from the base, where it is missing.
 * The guest's programs are processes of their own that it traces. Kernel and program take turns, so they stay on one CPU:
 * on two, each turn wakes the other one, and a program starts in 82 ms and not in 22 (in a container in 1).
 */
function userModeLinux(node: ResolvedNode): string {
  const cards = [
    ...node.interfaces.map(({ mac }, index) => ({ mac, tap: `tap${index}` })),
    { mac: managed.mac, tap: managementTap },
  ];
  return [
    `taskset --cpu-list "$cpu" linux.uml mem=${memoryOf(node)}M`,
    `ubd0=${hullFolder}/disk.cow,${diskFolder}/base.ext4 ubd1r=${hullFolder}/seed.tar`,
    "root=/dev/ubda rootfstype=ext4 rw init=/usr/lib/hardway/init",
    "con=null con0=null,fd:1 panic=-1",
    ...needless.map((unit) => `systemd.mask=${unit}`),
    ...cards.map(({ mac, tap }, index) => `vec${index}:transport=tap,ifname=${tap},depth=128,gro=1,mac=${mac}`),
  ].join(" ");
}

/** Sets `cpu` to the `nth` of the CPUs that a shell may use, counted in a circle. */
const takeCpu = (nth: number): string => `
cpu=$(sed -n 's/^Cpus_allowed_list:\t//p' /proc/self/status | tr , '\n' |
  while IFS=- read -r first last; do seq "$first" "\${last:-$first}"; done |
  sed -n "$((${nth} % $(nproc) + 1))p")`;

/**
 * What a hull does: it waits for its wires, joins each by a bridge of its own with a tap of the guest, and is the guest
 * from then on. A shell stays its first process: a kernel that panics ends itself by a signal, and who is first in a PID
 * namespace does not hear its own. Guests are spread over the CPUs by `nth`, which counts those of a lab.
 */
export function hullScript(node: ResolvedNode, nth: number): string {
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
${takeCpu(nth)}
${userModeLinux(node)} || exit $?
`;
}

/** What a guest's kernel needs of the engine to run and to have network cards. */
export const bareHostConfig: CreateOptions["HostConfig"] = {
  CapAdd: ["NET_ADMIN", "NET_RAW", "MKNOD"],
  SecurityOpt: ["seccomp=unconfined", "apparmor=unconfined"],
  MaskedPaths: [],
  ReadonlyPaths: [],
  DeviceCgroupRules: ["c 10:200 rwm"],
  LogConfig: { Type: "json-file", Config: { "max-size": "1m" } },
};

/** How the container of a hull is made. `disk` is the volume with the base of the guest's disk. */
export function hullOptions(node: ResolvedNode, nth: number, disk: string): CreateOptions {
  const memory = (memoryOf(node) + ownMemory) * megabyte;
  return {
    Hostname: node.name,
    Entrypoint: ["/bin/sh", "-c", hullScript(node, nth)],
    Cmd: [],
    Env: ["TMPDIR=/guest"],
    Tty: true,
    HostConfig: {
      ...bareHostConfig,
      Tmpfs: { "/guest": `exec,size=${memoryOf(node) + 64}m` },
      Memory: memory,
      MemorySwap: memory,
      CpuShares: slower * oneShare,
      Mounts: [
        { Type: "volume", Source: disk, Target: diskFolder, ReadOnly: true, VolumeOptions: { NoCopy: true } as never },
      ],
    },
  };
}
