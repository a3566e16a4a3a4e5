import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { readJournal } from "#harness/evidence/journal";
import { createRun, type OwnedRun } from "./create.ts";
import { countInterrupts, onInterrupt } from "./interrupt.ts";

let root: string;
let run: OwnedRun;
let interruptible: Disposable;
const said: string[] = [];
const undone: string[] = [];
const kill = vi.spyOn(process, "kill").mockReturnValue(true);

beforeEach(() => {
  vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout", "performance"] });
  root = mkdtempSync(join(tmpdir(), "hardway-interrupt-"));
  run = createRun({ scenario: "x", root });
  run.defer("machines", async () => void undone.push("machines"));
  interruptible = onInterrupt(run, (text) => said.push(text.replace(run.id, "<run>")));
});
afterEach(() => {
  interruptible[Symbol.dispose]();
  vi.useRealTimers();
  kill.mockClear();
  said.length = undone.length = 0;
  rmSync(root, { recursive: true });
});

/** As if the process got it, a second after the last one. */
async function send(signal: NodeJS.Signals, afterMs = 1000) {
  await vi.advanceTimersByTimeAsync(afterMs);
  process.emit(signal, signal);
}

test.each(["SIGINT", "SIGTERM", "SIGHUP"] as const)("%s aborts the run, and whoever runs it lowers", async (signal) => {
  await send(signal);
  expect(run.signal.reason).toBe(signal);
  expect(undone).toEqual([]);
  await run.end();
  await vi.advanceTimersByTimeAsync(60_000);
  expect(undone).toEqual(["machines"]);
  expect(said).toEqual([`${signal}: lowering <run>`]);
});

test("a run that nobody lowers is lowered from here, and its journal says why it ended", async () => {
  await send("SIGINT");
  await vi.advanceTimersByTimeAsync(4900);
  expect(undone).toEqual([]);
  await vi.advanceTimersByTimeAsync(200);
  expect(undone).toEqual(["machines"]);
  expect(readJournal(run.folder)[0]).toMatchObject({ outcome: "broken", because: "interrupted by SIGINT" });
});

test("one keystroke that arrives three times counts once", async () => {
  await send("SIGINT");
  await send("SIGINT", 1);
  await send("SIGTERM", 20);
  expect(said).toHaveLength(1);
});

test("the second says what goes on, the third gives up and ends by the signal", async () => {
  await send("SIGINT");
  await send("SIGINT");
  expect(said.at(-1)).toContain("still lowering <run>");
  expect(kill).not.toHaveBeenCalled();
  await send("SIGINT");
  expect(kill).toHaveBeenCalledWith(process.pid, "SIGINT");
});

test("the handlers are gone when it is disposed", async () => {
  const before = process.listenerCount("SIGINT");
  interruptible[Symbol.dispose]();
  expect(process.listenerCount("SIGINT")).toBe(before - 1);
  expect(run.signal.aborted).toBe(false);
});

test("below npm, the loss of the parent is an interruption, once; elsewhere it is none", async () => {
  const parent = vi.spyOn(process, "ppid", "get");
  try {
    for (const [npm, nths] of [
      ["/usr/bin/npm", [1]],
      [undefined, []],
    ] as const) {
      vi.stubEnv("npm_execpath", npm);
      vi.useFakeTimers({ toFake: ["setInterval", "clearInterval", "performance"], now: 10_000 });
      parent.mockReturnValue(4711);
      const heard: number[] = [];
      using _counting = countInterrupts((nth) => heard.push(nth));
      await vi.advanceTimersByTimeAsync(2000);
      expect(heard).toEqual([]);
      parent.mockReturnValue(1);
      await vi.advanceTimersByTimeAsync(5000);
      expect(heard).toEqual(nths);
    }
  } finally {
    vi.unstubAllEnvs();
    parent.mockRestore();
  }
});
