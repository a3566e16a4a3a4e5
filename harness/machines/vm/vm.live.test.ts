import { afterAll, beforeAll, expect, test, vi } from "vitest";
import type { Machine, Powered, RaisedLab } from "#harness/model/machines";
import { raiseLab } from "../container/raise.ts";
import { silent, testRun } from "../container/testdata/lab.ts";
import { prepared, topology } from "./testdata/lab.ts";

vi.setConfig({ testTimeout: 120_000, hookTimeout: 180_000 });

const run = testRun();
let lab: RaisedLab;
const machine = (name: string) => lab.machines.get(name) as Machine & Powered;

beforeAll(async () => {
  lab = await raiseLab(topology, await prepared(), run, silent);
});
afterAll(() => lab?.[Symbol.asyncDispose]());

test("a guest is what its node says: names, addresses, routes, sysctls", async () => {
  const seen = async (name: string, script: string) => (await machine(name).sh(script)).stdout.trim();
  expect(await seen("bob", "hostname; ip -4 -br address show ens3; ip route show default")).toMatch(
    /^bob\nens3 +U\w+ +172\.17\.1\.10\/24 *\ndefault via 172\.17\.1\.1 dev ens3$/,
  );
  expect(await seen("anna", "cat /proc/sys/net/ipv4/conf/eth0/rp_filter")).toBe("2");
  expect(await seen("alice", "getent hosts bob")).toMatch(/^172\.17\.1\.10\s+bob$/);
  expect(await seen("alice", "cat /etc/machine-id")).not.toBe(await seen("anna", "cat /etc/machine-id"));
  expect(await seen("alice", "uname -r")).not.toBe(await seen("between", "uname -r"));
});
