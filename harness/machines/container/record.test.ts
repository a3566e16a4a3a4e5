import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Container } from "dockerode";
import { expect, test, vi } from "vitest";
import { recordIn } from "./record.ts";

/** Says that it listens, then so many packets, and ends when it is told to. */
vi.mock("./exec.ts", () => ({
  spawn: async () => {
    const told = Promise.withResolvers<void>();
    const output = async function* () {
      yield { from: "stderr", data: Buffer.from("listening on s0\n") };
      for (let packet = 0; packet < 20; packet++) yield { from: "stdout", data: Buffer.alloc(4096, packet) };
      await told.promise;
      yield { from: "stdout", data: Buffer.from("the last") };
    };
    return { output: output(), kill: async () => told.resolve() };
  },
}));

const record = (file: string) => recordIn({} as Container, "fabric", ["tcpdump"], file, /listening on/);

test("what is recorded is in the file when it is stopped", async () => {
  const folder = mkdtempSync(join(tmpdir(), "hardway-record-"));
  const recording = await record(join(folder, "s0.pcap"));
  await recording.stop();
  expect(readFileSync(join(folder, "s0.pcap"))).toHaveLength(20 * 4096 + "the last".length);
  rmSync(folder, { recursive: true });
});

test("a full disk ends nothing, and is told at the end", async () => {
  const recording = await record("/dev/full");
  await expect(recording.stop()).rejects.toMatchObject({
    name: "LabBroken",
    message: expect.stringMatching(/^\/dev\/full: not all that was recorded could be written\n +seen: +ENOSPC/),
  });
});
