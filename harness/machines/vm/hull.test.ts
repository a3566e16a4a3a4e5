import { execFileSync } from "node:child_process";
import { expect, test } from "vitest";
import { resolve } from "#harness/topology/resolve";
import { hullOptions, hullScript } from "./hull.ts";

const topology = resolve({
  segments: { a: "192.168.0.0/24", b: "192.168.99.0/24" },
  nodes: { rt: { machine: "vm", role: "worker", on: ["a", "b"] } },
});
const [node] = topology.nodes;

test("each wire is joined with a network card of the guest, and the last card is the hull's own", () => {
  if (!node) throw new Error("no node");
  const script = hullScript(node, 0);
  execFileSync("/bin/sh", ["-n", "-c", script]);
  for (const line of ["link set wire0 master bridge0 up", "link set tap1 master bridge1 up"])
    expect(script).toContain(line);
  const [first, second] = node.interfaces;
  expect(script).toContain(`vec0:transport=tap,ifname=tap0,depth=128,gro=1,mac=${first?.mac}`);
  expect(script).toContain(`vec1:transport=tap,ifname=tap1,depth=128,gro=1,mac=${second?.mac}`);
  expect(script).toContain("vec2:transport=tap,ifname=manage,");
});

test("a hull has the memory of its guest and some of its own, and the disk's base read-only", () => {
  if (!node) throw new Error("no node");
  const { HostConfig } = hullOptions(node, 0, "hardway-disk-x");
  expect(HostConfig.Memory).toBe((1536 + 384) * 2 ** 20);
  expect(HostConfig.Mounts).toEqual([
    expect.objectContaining({ Source: "hardway-disk-x", Target: "/disk", ReadOnly: true }),
  ]);
});

test("guests are spread over the CPUs that there are", () => {
  if (!node) throw new Error("no node");
  const cpus = execFileSync("nproc").toString().trim();
  const cpuOf = (nth: number) => {
    const taking = hullScript(node, nth).match(/^cpu=[\s\S]*?\)"?p"\)$/m)?.[0];
    return execFileSync("/bin/sh", ["-c", `${taking}\necho "$cpu"`])
      .toString()
      .trim();
  };
  expect(cpuOf(0)).toMatch(/^\d+$/);
  expect(cpuOf(Number(cpus))).toBe(cpuOf(0));
  if (Number(cpus) > 1) expect(cpuOf(1)).not.toBe(cpuOf(0));
});
