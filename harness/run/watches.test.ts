import { existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import type { Invariant } from "#harness/model/judging";
import type { RaisedLab } from "#harness/model/machines";
import type { Run } from "#harness/model/run";
import type { World } from "#harness/model/scenario";
import { startWatches, worldOf } from "./watches.ts";

const folder = mkdtempSync(join(tmpdir(), "hardway-watches-"));
afterAll(() => rmSync(folder, { recursive: true }));

/** A world of two segments, whose captures are empty files. */
function worldIn(name: string) {
  const captured: string[] = [];
  const segments = ["client", "k8s"].map((segment) => ({ name: segment, cidr: "172.17.0.0/24" as const }));
  const fabric = {
    async capture(segment: string, { snaplen, filter }: { snaplen?: number; filter?: string } = {}) {
      const file = join(folder, `${name}-${segment}.pcap`);
      captured.push([segment, snaplen, filter].filter((word) => word !== undefined).join(" "));
      writeFileSync(file, "");
      return {
        async stop({ discard = false } = {}) {
          if (discard) rmSync(file);
          return file;
        },
      };
    },
  };
  return { captured, world: { topology: { segments, nodes: [] }, fabric } as unknown as World };
}
const files = (name: string) => ["client", "k8s"].map((segment) => existsSync(join(folder, `${name}-${segment}.pcap`)));

const invariant = (claim: string): Invariant<World> => ({
  claim,
  watch: async () => ({ of: claim, look: async () => claim }),
  check: { claim: "is so", name: "x", args: [], judge: () => ({ is: "met" }) },
});

test("every segment is captured, headers only, before an invariant begins to watch", async () => {
  const { world, captured } = worldIn("all");
  let before: number | undefined;
  const late: Invariant<World> = {
    ...invariant("late"),
    watch: async () => {
      before = captured.length;
      return { of: "late", look: async () => [] };
    },
  };
  await startWatches(world, [late]);
  expect(before).toBe(2);
  expect(captured).toEqual(["client 160", "k8s 160"]);
});

test("where all packets would be too many, those are captured that the scenario names", async () => {
  const { world, captured } = worldIn("some");
  await startWatches(world, [], "tcp port 179");
  expect(captured).toEqual(["client 160 tcp port 179", "k8s 160 tcp port 179"]);
});

test("captures are kept, unless nobody will want them", async () => {
  await (await startWatches(worldIn("kept").world, [])).stop({ discard: false });
  expect(files("kept")).toEqual([true, true]);
  await (await startWatches(worldIn("discarded").world, [])).stop({ discard: true });
  expect(files("discarded")).toEqual([false, false]);
});

test("an invariant is judged by its own watch; one that nobody watched is not judged", async () => {
  const [one, other] = [invariant("one"), invariant("other")];
  const watches = await startWatches(worldIn("probes").world, [one, other]);
  expect(await watches.probeOf(other).look(new AbortController().signal)).toBe("other");
  expect(() => watches.probeOf(invariant("one"))).toThrow("nobody watched: one");
});

test("a world has the machines by name, and each has a power switch", () => {
  const machine = (name: string, power: object) => [name, { name, ...power }] as const;
  const power = { cutPower: async () => {}, restorePower: async () => {} };
  const raised = (...machines: (readonly [string, object])[]) =>
    ({ machines: new Map(machines) }) as unknown as RaisedLab;
  const topology = { segments: [], nodes: [] };
  const run = {} as Run;
  expect(
    Object.keys(worldOf(run, topology, raised(machine("rt-01", power), machine("client-01", power))).nodes),
  ).toEqual(["rt-01", "client-01"]);
  expect(() => worldOf(run, topology, raised(machine("rt-01", {})))).toThrow(
    "rt-01: this machine's power cannot be cut",
  );
});
