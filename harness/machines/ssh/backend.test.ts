import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { LabBroken } from "#harness/model/errors";
import { findRun, registerRun } from "#harness/run/registry";
import { resolve } from "#harness/topology/resolve";
import { returnBorrowed } from "./backend.ts";
import { readInventory } from "./inventory.ts";
import { newKeyPair } from "./keys.ts";

const id = "20261121-000000-gone-for-good-x7f2";
let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "forgotten-"));
  vi.stubEnv("XDG_STATE_HOME", folder);
  writeFileSync(join(folder, "key"), newKeyPair().private);
});
afterEach(() => {
  vi.unstubAllEnvs();
  rmSync(folder, { recursive: true });
});

/** Machines that nobody reaches: of one even the key is gone. */
function gone() {
  const topology = resolve({
    segments: { lan: "192.0.2.0/24" },
    nodes: { first: { role: "control-plane", on: ["lan"] }, second: { role: "worker", on: ["lan"] } },
  });
  const machine = (identityFile: string) =>
    `{ identityFile: ${identityFile}, proxyCommand: "false", hostKeys: "${key}" }`;
  const key = `SHA256:${"A".repeat(43)}`;
  const text = `machines: { first: ${machine("key")}, second: ${machine("none")} }`;
  const borrowed = { machines: [...readInventory(text, join(folder, "inventory.yaml")).values()], topology };
  registerRun({ id, scenario: "gone-for-good", folder }, borrowed);
  return borrowed;
}

test("machines that cannot be reached are not forgotten, and named with what to do", async () => {
  const problem = await returnBorrowed(id, gone()).catch((error: unknown) => error);
  expect(problem).toBeInstanceOf(LabBroken);
  expect((problem as LabBroken).message).toMatch(
    new RegExp(
      `^${id}: not all its machines could be given back, the others were
 +seen: +not given back: first: .+
 +not given back: second: its private key cannot be read
 +look: +hardway down ${id}, once .+; if they are gone for good, hardway down --forget ${id}$`,
    ),
  );
  expect(findRun(id)).toBeDefined();
});

test("forgotten, the run is no longer known, and each machine told that was not given back", async () => {
  const { otherwise, lost } = await returnBorrowed(id, gone(), { forget: true });
  expect(otherwise).toEqual([]);
  expect(lost).toEqual([
    expect.stringMatching(/^not given back: first: /),
    "not given back: second: its private key cannot be read",
  ]);
  expect(findRun(id)).toBeUndefined();
});
