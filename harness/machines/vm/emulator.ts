import type { RootFs } from "#harness/model/images";
import type { ResolvedNode } from "#harness/model/topology";
import type { FileTree } from "#harness/model/units";
import { managed, managementTap } from "./layout.ts";

/** The program that runs the kernel of guests, and the computer that it makes for them. */
export interface Emulator {
  readonly name: "uml" | "qemu-kvm" | "qemu-tcg";
  /** For reports. */
  readonly title: string;
  /** By how much longer guests take than containers. Default as `#harness/judging/pace` has it for VMs. */
  readonly pace?: number;
  /** What its hulls are made of: itself, the kernel of guests, and what connects their network cards. */
  readonly hull: RootFs;
  /** How the names of volumes with disks of its guests begin. */
  readonly disks: string;
  /** Folder of the hull with the modules of that kernel, as guests have them under /lib/modules. */
  readonly modules: string;
  /** What guests need beside what machines have, for this kernel's sake. */
  readonly files: FileTree;
  /** Lines of shell that become the guest of a hull, and end with it. `nth` counts the guests of a lab. */
  guest(node: ResolvedNode, nth: number): string;
  /**
   * Lines of shell that run a guest to its end whose root file system is the hull's own, and `init` its first process.
   * What that leaves in its own folder is in the hull then.
   */
  survey(init: string): string;
}

/** Memory of a guest, in MB: a control plane holds etcd and an API server. It is taken from the computer as the guest touches it. */
export const memoryOf = ({ role }: ResolvedNode): number =>
  role === "control-plane" ? 2560 : role === "worker" ? 1536 : 512;

export const surveyMemory = 256;

/** The network cards of a guest, each on a tap of the hull: its interfaces, and the last one for the hull itself. */
export const cardsOf = ({ interfaces }: ResolvedNode): readonly { readonly mac: string; readonly tap: string }[] => [
  ...interfaces.map(({ mac }, index) => ({ mac, tap: `tap${index}` })),
  { mac: managed.mac, tap: managementTap },
];

/** Units that systemd starts on any computer and not in a container, with nothing to do on these: half of a boot's time. */
const needless = [
  ...["dm_mod", "loop", "efi_pstore", "configfs", "fuse", "drm"].map((module) => `modprobe@${module}.service`),
  ...["getty.target", "kmod-static-nodes.service", "systemd-binfmt.service", "systemd-random-seed.service"],
  ...["systemd-modules-load.service", "systemd-sysusers.service", "systemd-pcrphase.service"],
  ...["systemd-pcrphase-sysinit.service", "systemd-update-utmp.service", "systemd-update-utmp-runlevel.service"],
  ...["sys-kernel-config.mount", "sys-kernel-debug.mount", "sys-kernel-tracing.mount", "dev-hugepages.mount"],
];

/** What the kernel of a guest and its systemd are told by any emulator. */
export const kernelArguments: readonly string[] = [
  "rootfstype=ext4 rw init=/usr/lib/hardway/init panic=-1",
  ...needless.map((unit) => `systemd.mask=${unit}`),
];
