import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test, vi } from "vitest";
import { trials } from "../trials.ts";
import { userModeLinux } from "./uml.ts";

const { sh } = vi.hoisted(() => ({ sh: vi.fn() }));
vi.mock("../container/engine.ts", () => ({
  engine: async () => ({ arch: "amd64", id: "engine", version: "29", kernel: "6.1" }),
}));
vi.mock("../container/tools-image.ts", () => ({ toolsImage: async () => "hardway-hull:1" }));
vi.mock("../container/lab-container.ts", () => ({ startContainer: async () => ({}), removeContainer: async () => {} }));
vi.mock("../container/shell.ts", () => ({ shellIn: () => sh }));
vi.mock("../container/survey.ts", () => ({
  powerCut: async () => ({ feature: "power-cut", how: "kill", present: true }),
}));
vi.mock("../files.ts", () => ({ putFiles: async () => {} }));

const names = Object.keys(trials("/run"));
const said = (results: readonly string[]) => ({ stdout: results.map((name) => `${name} 0 `).join("\n") });

/** What another process finds out, where a guest comes to these trials; and whether it had to run one. */
async function surveyed(results: readonly string[]) {
  vi.resetModules();
  const { survey } = await import("./survey.ts");
  sh.mockReset();
  sh.mockResolvedValueOnce({ stdout: "Kernel panic" }).mockResolvedValueOnce(said(results));
  const features = await survey(userModeLinux);
  return { present: names.every((name) => features.get(name as "ipip")?.present), ran: sh.mock.calls.length > 0 };
}

test("what was found out is remembered, and not of a guest that ended before", async () => {
  const cache = mkdtempSync(join(tmpdir(), "survey-"));
  vi.stubEnv("XDG_CACHE_HOME", cache);
  expect(await surveyed(names.slice(0, 3))).toEqual({ present: false, ran: true });
  expect(await surveyed(names)).toEqual({ present: true, ran: true });
  expect(await surveyed([])).toEqual({ present: true, ran: false });
  vi.unstubAllEnvs();
  rmSync(cache, { recursive: true });
});
