import { PassThrough } from "node:stream";
import { expect, test } from "vitest";
import { discreet, shellOver } from "./shell.ts";
import type { Spawned } from "./spawned.ts";

test.each([
  ["nothing secret", undefined, "token: 0a1b2c.0123456789abcdef\n"],
  ["some words", ["0a1b2c.0123456789abcdef"], "token: (secret)\n"],
  ["everything", true, "(not kept: it holds a secret)"],
] as const)("output with %s in it", (_, secret, shown) => {
  expect(discreet("token: 0a1b2c.0123456789abcdef\n", secret)).toBe(shown);
});

test("a command that is given no time has a minute, at the pace of its machine", async () => {
  const output = new PassThrough({ objectMode: true });
  const hangs = { output, exitCode: async () => 137, kill: async () => output.end() } as unknown as Spawned;
  const sh = shellOver(async () => hangs, "node-01", { write: () => undefined }, 0.001);
  await expect(sh("kubectl get nodes")).rejects.toThrow("node-01: `kubectl get nodes` took longer than 0.06s");
});
