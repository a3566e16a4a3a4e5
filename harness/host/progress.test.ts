import { PassThrough } from "node:stream";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { screenProgress, silentProgress } from "./progress.ts";

beforeEach(() => {
  vi.useFakeTimers({ now: new Date("2026-11-20T18:03:01") });
});
afterEach(() => {
  vi.useRealTimers();
});

function screen(live: boolean) {
  const stream = new PassThrough() as unknown as NodeJS.WriteStream & PassThrough;
  let text = "";
  stream.on("data", (chunk) => {
    text += chunk;
  });
  return { progress: screenProgress({ stream, live }), text: () => text };
}

test("without a terminal a finished step is one line with its time", () => {
  const { progress, text } = screen(false);
  const step = progress.begin("kubeadm join", "k8s-node-01");
  vi.advanceTimersByTime(1_500);
  step.done();
  expect(text()).toBe("18:03:02 ✓ k8s-node-01: kubeadm join, 1.5 s\n");
});

test("what takes over 2 s says so, and a note at most every 10 s", () => {
  const { progress, text } = screen(false);
  const step = progress.begin("etcd 3.6.16");
  step.note("10 %");
  vi.advanceTimersByTime(2_000);
  for (let percent = 11; percent < 31; percent++) {
    vi.advanceTimersByTime(1_000);
    step.note(`${percent} %`);
  }
  step.failed("the server closed the connection");
  step.done();
  expect(text().split("\n")).toEqual([
    "18:03:03 … etcd 3.6.16, 10 %",
    "18:03:14 … etcd 3.6.16, 21 %",
    "18:03:23 ✗ etcd 3.6.16, 22.0 s, the server closed the connection",
    "",
  ]);
});

test("on a terminal the active lines are redrawn and the finished ones stay", () => {
  const { progress, text } = screen(true);
  const one = progress.begin("boot", "rt-01");
  const two = progress.begin("boot", "client-01");
  vi.advanceTimersByTime(400);
  one.done();
  expect(text()).toContain("rt-01: boot");
  expect(text()).toContain("✓");
  two.failed("no answer");
  expect(text()).toContain("no answer");
  expect(vi.getTimerCount()).toBe(0);
});

test("silent is silent", () => {
  const step = silentProgress.begin("boot");
  step.note("x");
  step.done();
  step.failed("y");
});
