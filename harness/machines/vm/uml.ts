import { readFileSync } from "node:fs";
import type { Program } from "#harness/model/artifacts";
import type { ResolvedNode } from "#harness/model/topology";
import type { FileTree } from "#harness/model/units";
import { cardsOf, type Emulator, kernelArguments, memoryOf, surveyMemory } from "./emulator.ts";
import { diskFolder, hullFolder, scratch } from "./layout.ts";

const modules = "/usr/lib/uml/modules";

/** What the processors of today need beside it: see the file itself. */
const xstate = {
  path: "/usr/lib/hardway/xstate.so",
  program: {
    name: "xstate.so",
    version: "1.0.0",
    cLibrary: readFileSync(new URL("xstate.c", import.meta.url), "utf8"),
  } satisfies Program,
} as const;

const filters = ["iptables", "iptables-save", "iptables-restore", "ip6tables", "ip6tables-save", "ip6tables-restore"];

/**
 * The kernel of User-mode Linux lacks the families ip and ip6 of nf_tables, so machines and pods get the older packet
 * filter under the names that come first in their PATH; upstream's images choose between the two by the kernel too
 * (https://github.com/kubernetes-sigs/iptables-wrappers).
 */
const legacyFilters: FileTree = Object.fromEntries(
  filters.map((name) => [
    `/usr/local/sbin/${name}`,
    { content: `#!/bin/sh\nexec /usr/sbin/${name.replace("tables", "tables-legacy")} "$@"\n`, mode: 0o755 },
  ]),
);

/**
 * A kernel that is a process, and needs nothing of the computer's processors. It keeps the guest's memory in a file
 * without a name in TMPDIR, which must be on a tmpfs from where programs may be run, and makes `disk.cow`, with what
 * differs from the base, where it is missing.
 */
export const userModeLinux: Emulator = {
  name: "uml",
  title: "User-mode Linux",
  disks: "hardway-disk",
  modules,
  files: legacyFilters,
  hull: {
    name: "hull",
    suite: "bookworm",
    packages: [
      ...["user-mode-linux", "kmod", "e2fsprogs", "openssh-client", "perl-base", "procps"],
      ...["iproute2", "ipset", "iptables", "nftables"],
    ],
    programs: { [xstate.path]: xstate.program },
    files: {},
    disable: [],
    enable: [],
  },
  guest: (node, nth) => `${takeCpu(nth)}\n${commandLine(node)}`,
  survey: (init) => `ln -sfn ${modules} /lib/modules
TMPDIR=${scratch} LD_PRELOAD=${xstate.path} linux.uml mem=${surveyMemory}M root=/dev/root rootfstype=hostfs rw init=${init} con=null con0=null,fd:1 panic=-1`,
};

/** Sets `cpu` to the `nth` of the CPUs that a shell may use, counted in a circle. */
const takeCpu = (nth: number): string => `
cpu=$(sed -n 's/^Cpus_allowed_list:\t//p' /proc/self/status | tr , '\n' |
  while IFS=- read -r first last; do seq "$first" "\${last:-$first}"; done |
  sed -n "$((${nth} % $(nproc) + 1))p")`;

/**
 * The guest's programs are processes of their own that its kernel traces. Kernel and program take turns, so they stay on
 * one CPU: on two, each turn wakes the other one, and a program starts in 82 ms and not in 22 (in a container in 1).
 */
const commandLine = (node: ResolvedNode): string =>
  [
    `TMPDIR=${scratch} LD_PRELOAD=${xstate.path} taskset --cpu-list "$cpu" linux.uml mem=${memoryOf(node)}M`,
    `ubd0=${hullFolder}/disk.cow,${diskFolder}/base.ext4 ubd1r=${hullFolder}/seed.tar`,
    "root=/dev/ubda con=null con0=null,fd:1",
    ...kernelArguments,
    ...cardsOf(node).map(({ mac, tap }, nth) => `vec${nth}:transport=tap,ifname=${tap},depth=128,gro=1,mac=${mac}`),
  ].join(" ");
