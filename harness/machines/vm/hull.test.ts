import { execFileSync } from "node:child_process";
import { expect, test } from "vitest";
import { resolve } from "#harness/topology/resolve";
import { emulators } from "./emulators.ts";
import { hullOptions, hullScript } from "./hull.ts";
import { qemu } from "./qemu.ts";
import { userModeLinux } from "./uml.ts";

const topology = resolve({
  segments: { a: "192.168.0.0/24", b: "192.168.99.0/24" },
  nodes: { rt: { machine: "vm", role: "worker", on: ["a", "b"] } },
});
const [node] = topology.nodes;
if (!node) throw new Error("no node");
const [first, second] = node.interfaces;

/** What the shell would start, as the program gets it. */
const programOf = (script: string, name: string): string[] => {
  const program = script.slice(script.lastIndexOf(name)).replace(" || exit $?", "");
  return execFileSync("/bin/sh", ["-c", `printf '%s\\n' ${program}`])
    .toString()
    .trim()
    .split("\n");
};

test.each(emulators.map((emulator) => [emulator.name, emulator] as const))(
  "%s: each wire is joined with a tap of the guest, and the last tap is the hull's own",
  (_, emulator) => {
    const script = hullScript(emulator, node, 0);
    execFileSync("/bin/sh", ["-n", "-c", script]);
    for (const line of ["link set wire0 master bridge0 up", "link set tap1 master bridge1 up"])
      expect(script).toContain(line);
    expect(script).toMatch(/ \|\| exit \$\?\n$/);
    execFileSync("/bin/sh", ["-n", "-c", emulator.survey("/survey/init")]);
  },
);

test("User-mode Linux: its network cards, memory and disks", () => {
  const words = programOf(hullScript(userModeLinux, node, 0), "linux.uml");
  expect(words.filter((word) => !word.startsWith("systemd.mask="))).toEqual([
    ...["linux.uml", "mem=1536M"],
    ...["ubd0=/var/lib/hardway/disk.cow,/disk/base.ext4", "ubd1r=/var/lib/hardway/seed.tar"],
    ...["root=/dev/ubda", "con=null", "con0=null,fd:1"],
    ...["rootfstype=ext4", "rw", "init=/usr/lib/hardway/init", "panic=-1"],
    `vec0:transport=tap,ifname=tap0,depth=128,gro=1,mac=${first?.mac}`,
    `vec1:transport=tap,ifname=tap1,depth=128,gro=1,mac=${second?.mac}`,
    "vec2:transport=tap,ifname=manage,depth=128,gro=1,mac=02:68:77:6d:67:74",
  ]);
});

test.each([
  ["kvm", ["-accel", "kvm", "-cpu", "host"]],
  ["tcg", ["-accel", "tcg,tb-size=128", "-cpu", "max"]],
] as const)("QEMU with %s: its processor, network cards, memory and disks", (accelerator, processor) => {
  const words = programOf(hullScript(qemu(accelerator), node, 0), "qemu-system-x86_64");
  const has = (...sequence: readonly string[]) => expect(` ${words.join(" ")} `).toContain(` ${sequence.join(" ")} `);
  has(...processor);
  has("-m", "1536");
  has("-drive", "if=virtio,format=qcow2,file=/var/lib/hardway/disk.qcow2");
  has("-drive", "if=virtio,format=raw,readonly=on,file=/var/lib/hardway/seed.tar");
  has("-netdev", "tap,id=wire1,ifname=tap1,script=no,downscript=no");
  has("-device", `virtio-net-pci,netdev=wire1,mac=${second?.mac},romfile=`);
  has("-netdev", "tap,id=wire2,ifname=manage,script=no,downscript=no");
  const told = words[words.indexOf("-append") + 1];
  for (const word of ["root=/dev/vda", "init=/usr/lib/hardway/init", "panic=-1", "console=ttyS0"])
    expect(told).toContain(word);
});

test("a hull has the memory of its guest and some of its own, and the disk's base read-only", () => {
  const { HostConfig } = hullOptions(userModeLinux, node, 0, "hardway-disk-x");
  expect(HostConfig.Memory).toBe((1536 + 384) * 2 ** 20);
  expect(HostConfig.Mounts).toEqual([
    expect.objectContaining({ Source: "hardway-disk-x", Target: "/disk", ReadOnly: true }),
  ]);
});

test("guests of User-mode Linux are spread over the CPUs that there are", () => {
  const cpus = execFileSync("nproc").toString().trim();
  const cpuOf = (nth: number) => {
    const taking = hullScript(userModeLinux, node, nth).match(/^cpu=[\s\S]*?\)"?p"\)$/m)?.[0];
    return execFileSync("/bin/sh", ["-c", `${taking}\necho "$cpu"`])
      .toString()
      .trim();
  };
  expect(cpuOf(0)).toMatch(/^\d+$/);
  expect(cpuOf(Number(cpus))).toBe(cpuOf(0));
  if (Number(cpus) > 1) expect(cpuOf(1)).not.toBe(cpuOf(0));
});
