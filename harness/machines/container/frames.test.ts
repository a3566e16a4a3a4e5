import { Readable } from "node:stream";
import { expect, test } from "vitest";
import type { Frame } from "../spawned.ts";
import { Frames } from "./frames.ts";

const frame = (stream: number, text: string): Buffer => {
  const header = Buffer.alloc(8);
  header.writeUInt8(stream, 0);
  header.writeUInt32BE(Buffer.byteLength(text), 4);
  return Buffer.concat([header, Buffer.from(text)]);
};

async function read(chunks: readonly Buffer[]): Promise<Record<Frame["from"], string>> {
  const seen = { stdout: "", stderr: "" };
  for await (const { from, data } of Readable.from(chunks).pipe(new Frames()) as AsyncIterable<Frame>) {
    seen[from] += data.toString();
  }
  return seen;
}

const stream = Buffer.concat([frame(1, "one "), frame(2, "oops"), frame(1, ""), frame(1, "two")]);

test("frames come apart wherever the stream is cut", async () => {
  const expected = { stdout: "one two", stderr: "oops" };
  expect(await read([stream])).toEqual(expected);
  for (let size = 1; size < stream.length; size++) {
    const chunks = Array.from({ length: Math.ceil(stream.length / size) }, (_, i) =>
      stream.subarray(i * size, (i + 1) * size),
    );
    expect(await read(chunks)).toEqual(expected);
  }
});

test("a stream that is not multiplexed is an error, not output", async () => {
  const frames = new Frames();
  frames.write(Buffer.from("hello world"));
  await expect(
    (async () => {
      for await (const _ of frames);
    })(),
  ).rejects.toThrow("not a multiplexed stream");
});
