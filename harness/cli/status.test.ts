import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { LabBroken } from "../model/errors.ts";
import { forgetRun, keepRun, registerRun } from "../run/registry.ts";
import { resolve } from "../topology/resolve.ts";
import { type Printed, printed } from "../vitest/printed.ts";
import { down, status } from "./status.ts";

const noEngine = async () => {
  throw new LabBroken("no container engine answers");
};
const { lowerLab } = vi.hoisted(() => ({ lowerLab: vi.fn() }));
vi.mock("../machines/container/backend.ts", () => ({
  containerBackend: () => ({ sweep: noEngine, leftovers: noEngine }),
}));
vi.mock("../run/attach.ts", () => ({ lowerLab }));

const run = { id: "20261121-000000-borrowed-x7f2", scenario: "borrowed", folder: "/somewhere" };
let home: string;
let said: Printed;

beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), "hardway-status-"));
  vi.stubEnv("XDG_STATE_HOME", home);
  said = printed();
  const topology = resolve({
    segments: { lan: "192.0.2.0/24" },
    nodes: { "cp-1": { role: "control-plane", on: ["lan"] } },
  });
  registerRun(run, { machines: [], topology });
  keepRun(run.id);
});
afterEach(() => {
  vi.unstubAllEnvs();
  vi.restoreAllMocks();
  rmSync(home, { recursive: true });
});

test("down --all says what became of a lab also where the engine cannot be swept, and throws what went wrong first", async () => {
  lowerLab.mockRejectedValueOnce(new LabBroken("not all its machines could be given back"));
  await expect(down(undefined, { all: true })).rejects.toThrow("not all its machines could be given back");
  lowerLab.mockResolvedValueOnce({ removed: 0, otherwise: [], lost: [] });
  await expect(down(undefined, { all: true })).rejects.toThrow("no container engine answers");
  expect(said.all).not.toContain("nothing is left over");
});

test("machines that are not given back are told also where no engine answers", async () => {
  await expect(status({ leftovers: true })).rejects.toThrow("no container engine answers");
  expect(said.all).toContain(`machine cp-1: of run ${run.id} (kept, /somewhere)`);
});

test("a lab that a test has goes only by its name", async () => {
  forgetRun(run.id);
  registerRun(run);
  lowerLab.mockReset();
  await expect(down(undefined, {})).rejects.toThrow(`${run.id}: a process that runs uses this lab`);
  expect(lowerLab).not.toHaveBeenCalled();
  lowerLab.mockResolvedValueOnce({ removed: 1, otherwise: [], lost: [] });
  expect(await down("x7f2", {})).toBe(0);
});
