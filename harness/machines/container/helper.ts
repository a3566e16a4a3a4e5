import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import type { Container, HostConfig } from "dockerode";
import { LabBroken } from "../../model/errors.ts";
import type { Frame } from "../spawned.ts";
import { engine } from "./engine.ts";
import { Frames } from "./frames.ts";
import { removeContainer } from "./lab-container.ts";
import { runLabels } from "./labels.ts";

/** Work that is done inside the engine. */
export interface Helper {
  /** For the reader of an error: `filling containerd's store`. */
  readonly what: string;
  readonly image: string;
  readonly script: string;
  readonly args?: readonly string[];
  readonly host: HostConfig;
  readonly input?: () => Readable;
  readonly run?: string;
  readonly signal?: AbortSignal;
}

/** Runs a script to its end in a container of its own, which is then removed. Throws `LabBroken` with what it said. */
export async function runHelper({ what, image, script, args = [], host, input, run, signal }: Helper): Promise<void> {
  const { docker } = await engine();
  signal?.throwIfAborted();
  const container = await docker.createContainer({
    Image: image,
    Entrypoint: ["sh", "-c", script, "sh"],
    Cmd: [...args],
    Labels: runLabels("helper", run ?? `prepare-${process.pid}`),
    ...(input && { OpenStdin: true, StdinOnce: true }),
    HostConfig: { NetworkMode: "none", LogConfig: { Type: "json-file", Config: { "max-size": "1m" } }, ...host },
  });
  const started = Date.now();
  try {
    const work = input ? runFed(container, input()) : runToEnd(container);
    const { exitCode, starved } = await Promise.race([work, abortOf(signal)]);
    if (exitCode === 0 && !starved) return;
    throw new LabBroken(`${what} failed${exitCode === 0 ? "" : ` with exit code ${exitCode}`}`, {
      who: "container engine",
      waitedMs: Date.now() - started,
      seen: (await saidBy(container)) || starved?.message || "nothing",
      look: "is the engine's disk full? docker system df",
      ...(starved && { cause: starved }),
    });
  } finally {
    await removeContainer(container);
  }
}

interface Ended {
  readonly exitCode: number;
  /** Why its input did not reach it whole. */
  readonly starved?: Error;
}

async function runToEnd(container: Container): Promise<Ended> {
  await container.start();
  return { exitCode: (await container.wait()).StatusCode };
}

async function runFed(container: Container, input: Readable): Promise<Ended> {
  const stdin = await container.attach({ stream: true, stdin: true, hijack: true });
  const [ended, starved] = await Promise.all([runToEnd(container), feed(input, stdin)]);
  return { ...ended, ...(starved && { starved }) };
}

/** Never comes, or rejects with the signal's reason. */
function abortOf(signal: AbortSignal | undefined): Promise<never> {
  return new Promise((_, reject) => {
    if (signal?.aborted) reject(signal.reason);
    signal?.addEventListener("abort", () => reject(signal.reason), { once: true });
  });
}

/** A reader that ends before its input does is no failure here: its exit code tells. */
async function feed(from: Readable, to: NodeJS.ReadWriteStream): Promise<Error | undefined> {
  try {
    await pipeline(from, to as unknown as NodeJS.WritableStream);
    return undefined;
  } catch (error) {
    return error as Error;
  }
}

async function saidBy(container: Container): Promise<string> {
  const raw = await container.logs({ stdout: true, stderr: true, tail: 20 });
  const frames: Frame[] = await Readable.from([raw]).pipe(new Frames()).toArray();
  return Buffer.concat(frames.map(({ data }) => data))
    .toString()
    .trim();
}
