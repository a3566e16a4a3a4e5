import { mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { type Owner, thisOwner } from "./owner.ts";
import { findRun, forgetRun, keepRun, listRuns, registerRun, stateOf } from "./registry.ts";

const run = { id: "20261120-180301-metallb-bgp+frr-x7f2", scenario: "metallb-bgp+frr", folder: "/somewhere" };
let home: string;
let dead: Owner;

beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), "hardway-registry-"));
  vi.stubEnv("XDG_STATE_HOME", home);
  dead = { ...thisOwner(), start: "1" };
});
afterEach(() => {
  vi.unstubAllEnvs();
  rmSync(home, { recursive: true });
});

test("a run is registered, listed and forgotten; each may be said twice", () => {
  expect(listRuns()).toEqual([]);
  registerRun(run);
  registerRun(run);
  expect(listRuns()).toMatchObject([{ ...run, kept: false, state: "up", owner: thisOwner() }]);
  forgetRun(run.id);
  forgetRun(run.id);
  expect(listRuns()).toEqual([]);
});

test("registering again does not undo that it is kept", () => {
  registerRun(run);
  keepRun(run.id);
  registerRun(run);
  expect(findRun(run.id)?.kept).toBe(true);
});

test("a run of a dead process is dead, but not if it is kept", () => {
  registerRun(run);
  expect(stateOf(run.id, thisOwner())).toBe("up");
  expect(stateOf(run.id, dead)).toBe("dead");
  expect(stateOf("never-registered", dead)).toBe("dead");
  keepRun(run.id);
  expect(stateOf(run.id, dead)).toBe("kept");
});

test("what another user's process left is left alone: only his records tell whether he kept it", () => {
  registerRun(run);
  keepRun(run.id);
  const theirs = { ...thisOwner(), start: "1" };
  vi.stubEnv("XDG_STATE_HOME", join(home, "another"));
  expect(stateOf(run.id, theirs)).toBe("elsewhere");
  expect(stateOf(run.id, thisOwner())).toBe("up");
  const { records: _, ...before } = theirs;
  expect(stateOf(run.id, before)).toBe("dead");
});

test("only a registered run can be kept", () => {
  expect(() => keepRun("nobody")).toThrow("run nobody is not registered");
});

test("a file that was not written to its end is no run, and leaves no draft behind", () => {
  registerRun(run);
  const folder = join(home, "hardway", "runs");
  expect(readdirSync(folder)).toHaveLength(1);
  writeFileSync(join(folder, "torn.json"), '{"id": "to');
  expect(listRuns().map(({ id }) => id)).toEqual([run.id]);
});
