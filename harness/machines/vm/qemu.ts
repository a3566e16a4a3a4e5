import { dirname } from "node:path/posix";
import { cardsOf, type Emulator, kernelArguments, memoryOf, surveyMemory } from "./emulator.ts";
import { diskFolder, hullFolder, scratch } from "./layout.ts";

/** By how much longer guests of an emulated processor take: an API server was ready after 42 s, in a container after 2.7 s. */
const emulatedPace = 15;

const initramfs = `${scratch}/initramfs`;

/** With `kvm` the computer's own processor runs the guest, else an emulated one does (TCG). */
export const qemu = (accelerator: "kvm" | "tcg"): Emulator => ({
  name: `qemu-${accelerator}`,
  title: accelerator === "kvm" ? "QEMU with KVM" : "QEMU, its processor emulated (TCG)",
  pace: accelerator === "kvm" ? 1 : emulatedPace,
  disks: "hardway-qemu-disk",
  modules: "/lib/modules",
  files: {},
  hull: {
    name: "hull-qemu",
    suite: "bookworm",
    packages: [
      ...["qemu-system-x86", "qemu-utils", "linux-image-cloud-amd64", "busybox-static"],
      ...["kmod", "e2fsprogs", "openssh-client", "perl-base", "procps", "iproute2", "ipset", "iptables", "nftables"],
    ],
    programs: {},
    files: {},
    disable: [],
    enable: [],
  },
  guest: (node) => `
${makeInitramfs(["virtio_blk", "virtio_net", "ext4"], "mount -t ext4 /dev/vda /root")}
[ -e ${hullFolder}/disk.qcow2 ] ||
  qemu-img create -q -f qcow2 -b ${diskFolder}/base.ext4 -F raw ${hullFolder}/disk.qcow2
${computer(accelerator, memoryOf(node), ["root=/dev/vda", ...kernelArguments])} \\
  ${[
    `-drive if=virtio,format=qcow2,file=${hullFolder}/disk.qcow2`,
    `-drive if=virtio,format=raw,readonly=on,file=${hullFolder}/seed.tar`,
    ...cardsOf(node).map(networkCard),
  ].join(" \\\n  ")}`,
  survey: (init) => `
${makeInitramfs(["virtio_blk", "ext4"], "mount -t ext4 /dev/vda /root")}
mkdir -p ${surveyed}/proc ${surveyed}/sys ${surveyed}/dev ${surveyed}/run ${surveyed}/tmp
tar -c -C / --exclude='usr/bin/qemu-*' --exclude=usr/share bin sbin lib lib64 usr etc \
  ${dirname(init).slice(1)} | tar -x -C ${surveyed}
mkfs.ext4 -q -F -O ^has_journal -d ${surveyed} ${surveyed}.ext4 1g
${computer(accelerator, surveyMemory, [`init=${init} panic=-1`])} \\
  -drive if=virtio,format=raw,file=${surveyed}.ext4
rm -r ${dirname(init)}
debugfs -R 'rdump ${dirname(init)} /' ${surveyed}.ext4 2>/dev/null`,
});

/** The hull itself without the emulator, as the disk of a guest. */
const surveyed = `${scratch}/surveyed`;

/**
 * The first programs of a guest, which load what its kernel needs for its disk and its network cards: a tenth of what
 * Debian's initramfs weighs, and an emulated processor has it unpacked at once.
 */
const makeInitramfs = (modules: readonly string[], mountRoot: string): string => `
mkdir -p ${initramfs}/bin ${initramfs}/proc ${initramfs}/dev ${initramfs}/root
cp /bin/busybox ${initramfs}/bin/
{
  echo '#!/bin/busybox sh'
  echo 'busybox mount -t proc proc /proc; busybox mount -t devtmpfs dev /dev'
  modprobe --set-version "$(ls /lib/modules)" --show-depends --all virtio_pci ${modules.join(" ")} |
    sed -n 's/^insmod //p' | awk '!seen[$1]++ { print $1 }' | while read -r module; do
      cp "$module" ${initramfs}/
      echo "busybox insmod /\${module##*/}"
    done
  cat <<'INIT'
busybox ${mountRoot} || exec busybox echo "hardway: no root file system"
busybox mount -t devtmpfs dev /root/dev
busybox sed -n 's/.*init=\\([^ ]*\\).*/\\1/p' /proc/cmdline >/init-of-root
busybox umount /proc
exec busybox switch_root /root $(busybox cat /init-of-root)
INIT
} >${initramfs}/init
chmod +x ${initramfs}/init
(cd ${initramfs} && find . | busybox cpio -o -H newc 2>/dev/null) >${initramfs}.cpio`;

/** A computer of one processor, whose serial line is the hull's console. It ends when its kernel reboots. */
const computer = (accelerator: "kvm" | "tcg", memory: number, kernel: readonly string[]): string =>
  [
    ...(accelerator === "kvm" ? ["[ -e /dev/kvm ] || mknod /dev/kvm c 10 232;"] : []),
    "qemu-system-x86_64 -nodefaults -no-user-config -no-reboot -display none -machine q35",
    accelerator === "kvm" ? "-accel kvm -cpu host" : "-accel tcg,tb-size=128 -cpu max",
    `-m ${memory} -chardev stdio,id=console,signal=off -serial chardev:console -device virtio-rng-pci`,
    `-kernel /boot/vmlinuz-* -initrd ${initramfs}.cpio`,
    `-append '${[...kernel, ...speedy].join(" ")}'`,
  ].join(" \\\n  ");

/** What an emulated computer need not spend time on, and the names of network cards, which are the seed's to give. */
const speedy = ["console=ttyS0 net.ifnames=0 nokaslr mitigations=off tsc=reliable"];

const networkCard = ({ mac, tap }: ReturnType<typeof cardsOf>[number], nth: number): string =>
  [
    `-netdev tap,id=wire${nth},ifname=${tap},script=no,downscript=no`,
    `-device virtio-net-pci,netdev=wire${nth},mac=${mac},romfile=`,
  ].join(" ");
