import { existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { ownerText, thisOwner } from "./owner.ts";
import { scratchFolder, sweepScratch } from "./scratch.ts";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "of-a-test-"));
  vi.stubEnv("TMPDIR", folder);
});
afterEach(() => {
  vi.unstubAllEnvs();
  rmSync(folder, { recursive: true });
});

test("a folder goes when it is disposed of, and stays while its process runs", () => {
  const scratch = scratchFolder();
  writeFileSync(join(scratch.path, "file"), "");
  expect(sweepScratch()).toEqual([]);
  expect(existsSync(join(scratch.path, "file"))).toBe(true);
  scratch[Symbol.dispose]();
  expect(existsSync(scratch.path)).toBe(false);
});

test("what a process left that was killed is swept, and nothing else", () => {
  const [left, elsewhere, unnamed] = [scratchFolder().path, scratchFolder().path, scratchFolder().path];
  const other = mkdtempSync(join(folder, "other-"));
  const gone = { ...thisOwner(), start: "1" };
  for (const path of [left, other]) writeFileSync(join(path, ".owner"), ownerText(gone));
  writeFileSync(join(elsewhere, ".owner"), ownerText({ ...gone, host: "another computer" }));
  writeFileSync(join(unnamed, ".owner"), "");
  expect(sweepScratch()).toEqual([`folder ${left}: process ${process.pid} ended`]);
  expect([left, elsewhere, unnamed, other].map((path) => existsSync(path))).toEqual([false, true, true, true]);
});
