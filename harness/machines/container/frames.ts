import { Transform, type TransformCallback } from "node:stream";
import type { Frame } from "../spawned.ts";

const headerLength = 8;

/**
 * Takes apart the engine's multiplexed stream: each frame is a header of 8 bytes (stream number, three zeros, length
 * big-endian) and its payload. Payload is passed on as it comes, so a frame may come out in pieces.
 * https://docs.docker.com/reference/api/engine/version/v1.41/#tag/Container/operation/ContainerAttach
 */
export class Frames extends Transform {
  #header = Buffer.alloc(0);
  #from: Frame["from"] = "stdout";
  #left = 0;

  constructor() {
    super({ readableObjectMode: true });
  }

  override _transform(chunk: Buffer, _encoding: BufferEncoding, done: TransformCallback): void {
    let rest = chunk;
    while (rest.length > 0) {
      if (this.#left === 0) {
        const missing = headerLength - this.#header.length;
        this.#header = Buffer.concat([this.#header, rest.subarray(0, missing)]);
        rest = rest.subarray(missing);
        if (this.#header.length < headerLength) break;
        const number = this.#header.readUInt8(0);
        if (number > 2) {
          done(new Error(`not a multiplexed stream: a frame begins with ${this.#header.toString("hex")}`));
          return;
        }
        this.#from = number === 2 ? "stderr" : "stdout";
        this.#left = this.#header.readUInt32BE(4);
        this.#header = Buffer.alloc(0);
      } else {
        const data = rest.subarray(0, this.#left);
        this.push({ from: this.#from, data } satisfies Frame);
        this.#left -= data.length;
        rest = rest.subarray(data.length);
      }
    }
    done();
  }
}
