import { setTimeout as sleep } from "node:timers/promises";
import { expect, test, vi } from "vitest";
import { ms } from "#harness/judging/duration";
import { within } from "#harness/judging/within";
import { LabBroken } from "#harness/model/errors";
import { inTime } from "./in-time.ts";

const folder = "reports/runs/some-run";
const tooLong = async (signal: AbortSignal) => sleep(60_000, undefined, { signal });

test("a claim that is judged in time ends as it does, well or not", async () => {
  await inTime(async () => {}, { within: "1m", pace: 1, folder });
  const failing = inTime(() => Promise.reject(new Error("not so")), { within: "1m", pace: 1, folder });
  await expect(failing).rejects.toThrow("not so");
});

test("a claim that takes too long is broken, and told to end", async () => {
  let told: unknown;
  const claim = async (signal: AbortSignal) => {
    signal.addEventListener("abort", () => {
      told = signal.reason;
    });
    return tooLong(signal);
  };
  const failure = await inTime(claim, { within: "20ms", pace: 1, folder }).catch((error: unknown) => error);
  expect(failure).toBeInstanceOf(LabBroken);
  expect((failure as Error).message).toBe(
    `the claim was not judged in the time that it may take: 20ms
  look:     reports/runs/some-run/journal.jsonl`,
  );
  expect(told).toBe(failure);
});

test("what it did is undone before the next claim begins", async () => {
  let healed = false;
  const claim = async (signal: AbortSignal) => {
    try {
      await tooLong(signal);
    } finally {
      await sleep(50);
      healed = true;
    }
  };
  await expect(inTime(claim, { within: "20ms", pace: 1, folder })).rejects.toThrow("may take: 20ms");
  expect(healed).toBe(true);
});

test("who goes on undoing is not waited for without end, and told of", async () => {
  vi.useFakeTimers();
  try {
    const failure = inTime(() => new Promise(() => {}), { within: "5m", pace: 1, folder }).catch(
      (error) => error.message,
    );
    await vi.advanceTimersByTimeAsync(ms("5m") + ms(within.claimUndone.within));
    expect(await failure).toContain("what it did may not be undone, 120s later it is still at work");
  } finally {
    vi.useRealTimers();
  }
});

test("VMs have as much more time as they are slower", async () => {
  await inTime(async () => sleep(100), { within: "50ms", pace: 15, folder });
  await expect(inTime(tooLong, { within: "5ms", pace: 3, folder })).rejects.toThrow(
    "may take: 15ms, 5ms at the pace of VMs, which take 3 times as long",
  );
});
