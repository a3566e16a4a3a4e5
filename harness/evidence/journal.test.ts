import { execFileSync } from "node:child_process";
import {
  appendFileSync,
  existsSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import type { Evidence } from "../model/evidence.ts";
import { journalFile, openJournal, readJournal } from "./journal.ts";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "hardway-journal-"));
});
afterEach(() => {
  vi.restoreAllMocks();
  rmSync(folder, { recursive: true });
});

const step = (name: string): Evidence => ({ kind: "step-done", at: 1, step: name, on: ["rt-01"], ms: 5 });
const steps = (entries: readonly Evidence[]) =>
  entries.map((entry) => (entry.kind === "step-done" ? entry.step : entry.kind));

test("an entry is in the file when write returns", () => {
  const journal = openJournal(folder);
  journal.write(step("boot"));
  expect(readJournal(folder)).toEqual([step("boot")]);
  journal.write(step("naïve “quotes”\nand lines"));
  expect(steps(readJournal(folder))).toEqual(["boot", "naïve “quotes”\nand lines"]);
});

test("two writers append to one journal", () => {
  const [one, two] = [openJournal(folder), openJournal(folder)];
  one.write(step("a"));
  two.write(step("b"));
  one.write(step("c"));
  expect(steps(readJournal(folder))).toEqual(["a", "b", "c"]);
});

test("a closed journal drops what comes late", () => {
  const journal = openJournal(folder);
  journal.close();
  journal.write(step("late"));
  journal.close();
  expect(readJournal(folder)).toEqual([]);
});

test("a line that a kill cut off is left out, wherever it was cut", () => {
  const journal = openJournal(folder);
  journal.write(step("first"));
  const whole = statSync(journalFile(folder)).size;
  journal.write(step("größer"));
  const { size } = statSync(journalFile(folder));
  // Without its newline only, the entry is complete.
  truncateSync(journalFile(folder), size - 1);
  expect(steps(readJournal(folder))).toEqual(["first", "größer"]);
  for (let cut = size - 2; cut >= whole; cut--) {
    truncateSync(journalFile(folder), cut);
    expect(steps(readJournal(folder))).toEqual(["first"]);
  }
});

test.each(["garbage", '{"kind":"step-done","at":1', '{"at":1}', "[]", "null", ""])(
  "a spoilt line in the middle, %j, is told",
  (line) => {
    const journal = openJournal(folder);
    journal.write(step("first"));
    appendFileSync(journalFile(folder), `${line}\n`);
    journal.write(step("last"));
    expect(() => readJournal(folder)).toThrow(
      expect.objectContaining({ name: "LabBroken", message: expect.stringContaining("line 2 is not evidence") }),
    );
  },
);

test("a folder without a journal is told", () => {
  expect(() => readJournal(folder)).toThrow(
    expect.objectContaining({ name: "LabBroken", message: expect.stringContaining("ENOENT") }),
  );
});

test("a folder that cannot be written to is told", () => {
  writeFileSync(join(folder, "file"), "");
  expect(() => openJournal(join(folder, "file"))).toThrow(
    expect.objectContaining({ name: "LabBroken", message: expect.stringContaining("cannot keep evidence") }),
  );
});

test("attachments are files, journalled, and never overwritten", () => {
  const journal = openJournal(folder);
  expect(journal.attach("rt-01/ip route.txt", "one")).toBe("attachments/rt-01-ip-route.txt");
  expect(journal.attach("rt-01/ip route.txt", "two")).toBe("attachments/rt-01-ip-route-2.txt");
  expect(journal.attach("../../etc/passwd", "x")).toBe("attachments/etc-passwd");
  expect(journal.attach("..", new Uint8Array([1, 2]))).toBe("attachments/attachment");
  expect(readFileSync(join(folder, "attachments/rt-01-ip-route.txt"), "utf8")).toBe("one");
  expect(readFileSync(join(folder, "attachments/rt-01-ip-route-2.txt"), "utf8")).toBe("two");
  expect(readFileSync(join(folder, "attachments/attachment"))).toHaveLength(2);
  expect(readJournal(folder)).toMatchObject([
    { kind: "attached", name: "rt-01/ip route.txt", file: "attachments/rt-01-ip-route.txt" },
    {},
    {},
    {},
  ]);
});

test.skipIf(!existsSync("/dev/full"))("a full disk is told once and stops nothing", () => {
  symlinkSync("/dev/full", journalFile(folder));
  const said = vi.spyOn(process.stderr, "write").mockReturnValue(true);
  const journal = openJournal(folder);
  journal.write(step("a"));
  journal.write(step("b"));
  symlinkSync("/dev/full", join(folder, "attachments/x.txt"));
  journal.attach("x.txt", "more");
  journal.close();
  expect(said).toHaveBeenCalledOnce();
  expect(said.mock.calls[0]?.[0]).toMatch(/evidence is being lost: .*ENOSPC/);
});

/** A real small disk, where it can be had: half a line fits, and must not spoil what follows. */
const smallDisk = (): boolean => {
  try {
    execFileSync("mount", ["-t", "tmpfs", "-o", "size=12k", "tmpfs", folder], { stdio: "ignore" });
    return true;
  } catch {
    return false;
  }
};

test("half a line that still fitted does not spoil the next", (context) => {
  if (!smallDisk()) context.skip("no tmpfs can be mounted here");
  vi.spyOn(process.stderr, "write").mockReturnValue(true);
  const journal = openJournal(folder);
  try {
    for (let n = 0; n < 60; n++) journal.write(step("x".repeat(400)));
    const full = readFileSync(journalFile(folder), "utf8");
    expect(full.endsWith("\n")).toBe(true);
    expect(readJournal(folder).length).toBeLessThan(60);
  } finally {
    journal.close();
    execFileSync("umount", [folder]);
  }
});
