import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { LabBroken } from "../model/errors.ts";
import { forgetRun, registerRun } from "../run/registry.ts";
import { type Printed, printed } from "../vitest/printed.ts";
import { up } from "./up.ts";

const { raiseLab } = vi.hoisted(() => ({ raiseLab: vi.fn() }));
vi.mock("../run/lifecycle.ts", () => ({ raiseLab }));
vi.mock("../run/backends.ts", () => ({ everyBackend: () => [] }));
vi.mock("./scenarios.ts", () => ({ loadScenario: async () => ({ id: "borrowed" }) }));

const id = "20261121-000000-borrowed-x7f2";
let home: string;
let said: Printed;

beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), "hardway-up-"));
  vi.stubEnv("XDG_STATE_HOME", home);
  said = printed();
});
afterEach(() => {
  vi.unstubAllEnvs();
  vi.restoreAllMocks();
  rmSync(home, { recursive: true });
});

test.each([
  ["is said to be gone when it is", true, "interrupted by SIGTERM, nothing of it is up"],
  ["is named when not all of it is gone", false, `not all of it could be taken down: npx hardway down ${id}`],
])("an interrupted lab %s", async (_, gone, expected) => {
  raiseLab.mockImplementation(async () => {
    registerRun({ id, scenario: "borrowed", folder: home });
    process.emit("SIGTERM", "SIGTERM");
    if (gone) forgetRun(id);
    throw new LabBroken("the lab did not come up");
  });
  expect(await up("scenarios/borrowed", {})).toBe(143);
  expect(said.all).toContain(expected);
});

test("a lab that could not be kept is not said to be up", async () => {
  const lower = async () => {
    throw new LabBroken("the lab could not be kept, so it was taken down");
  };
  raiseLab.mockResolvedValue({ run: { id, folder: home }, lower });
  await expect(up("scenarios/borrowed", {})).rejects.toThrow("could not be kept");
  expect(said.all).toBe("");
});
