import { existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { readJournal } from "#harness/evidence/journal";
import { createRun } from "./create.ts";

let root: string;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), "hardway-run-"));
});
afterEach(() => {
  vi.useRealTimers();
  rmSync(root, { recursive: true });
});

const newRun = () => createRun({ scenario: "metallb-bgp+frr", root: join(root, "deep", "runs") });
const steps = (folder: string) => readJournal(folder).flatMap((entry) => (entry.kind === "step-done" ? [entry] : []));

test("a run has a name that sorts by time and a folder of that name", () => {
  vi.useFakeTimers({ now: Date.UTC(2026, 10, 20, 18, 3, 1, 999), toFake: ["Date"] });
  const { id, folder, scenario } = newRun();
  expect(id).toMatch(/^20261120-180301-metallb-bgp-frr-[0-9a-z]{4}$/);
  expect(folder).toBe(join(root, "deep", "runs", id));
  expect(existsSync(join(folder, "journal.jsonl"))).toBe(true);
  expect(scenario).toBe("metallb-bgp+frr");
});

test("runs of the same second have names of their own", () => {
  const ids = Array.from({ length: 5 }, () => newRun().id);
  expect(new Set(ids).size).toBe(5);
  expect(readdirSync(join(root, "deep", "runs"))).toHaveLength(5);
});

test("a folder that cannot be made is told", () => {
  writeFileSync(join(root, "file"), "");
  expect(() => createRun({ scenario: "x", root: join(root, "file") })).toThrow(
    expect.objectContaining({ name: "LabBroken", message: expect.stringContaining("cannot make the run's folder") }),
  );
});

test("what was deferred is undone in reverse order, and journalled", async () => {
  const run = newRun();
  const undone: string[] = [];
  run.defer("machines", async () => void undone.push("machines"));
  run.defer("forwarder", async () => {
    undone.push("forwarder");
    run.defer("what undoing made", async () => void undone.push("what undoing made"));
  });
  expect(run.ending).toBe(false);
  const ended = run.end();
  expect(run.ending).toBe(true);
  expect(run.end()).toBe(ended);
  await ended;
  expect(undone).toEqual(["forwarder", "what undoing made", "machines"]);
  expect(steps(run.folder).map(({ step }) => step)).toEqual([
    "undo: forwarder",
    "undo: what undoing made",
    "undo: machines",
  ]);
});

test("one that fails, throws or hangs does not spare the others", async () => {
  vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
  const run = newRun();
  let last = false;
  run.defer("machines", async () => {
    last = true;
  });
  run.defer("bridge", () => {
    throw new Error("thrown");
  });
  run.defer("capture", () => Promise.reject(new Error("tcpdump is gone")));
  run.defer("forwarder", () => new Promise(() => {}));
  const ended = run.end().catch((error) => error);
  await vi.advanceTimersByTimeAsync(30_000);
  expect(`${(await ended).name}: ${(await ended).message}\n`.replace(run.id, "<run>")).toBe(
    [
      "LabBroken: <run>: not all of the run could be undone:",
      "  - forwarder: not done within 30s",
      "  - capture: tcpdump is gone",
      "  - bridge: thrown",
      "  look:     npx hardway status --leftovers; the next start sweeps what is left",
      "",
    ].join("\n"),
  );
  expect(last).toBe(true);
  expect(steps(run.folder).map(({ error }) => error)).toEqual([
    "not done within 30s",
    "tcpdump is gone",
    "thrown",
    undefined,
  ]);
});

test("a run that is kept undoes nothing", async () => {
  const run = newRun();
  const undo = vi.fn();
  run.defer("machines", undo);
  await run.end({ keep: true });
  expect(undo).not.toHaveBeenCalled();
});

test("what is made after the end goes at once", async () => {
  const run = newRun();
  await run.end();
  const undo = vi.fn(async () => {});
  expect(() => run.defer("machine", undo)).toThrow(expect.objectContaining({ name: "LabBroken" }));
  expect(undo).toHaveBeenCalledOnce();
});

test("the first reason to abort counts", () => {
  const run = newRun();
  run.abort("SIGINT");
  run.abort("SIGTERM");
  expect(run.signal.aborted).toBe(true);
  expect(run.signal.reason).toBe("SIGINT");
});

test("runs are kept in this checkout's reports/runs", () => {
  const { folder } = createRun({ scenario: "a-test-of-create" });
  try {
    expect(resolve(folder, "..")).toBe(resolve(import.meta.dirname, "../../reports/runs"));
  } finally {
    rmSync(folder, { recursive: true });
  }
});
