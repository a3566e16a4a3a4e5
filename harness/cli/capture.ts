import { copyFile } from "node:fs/promises";
import { resolve } from "node:path";
import { ms } from "../judging/duration.ts";
import type { Duration } from "../model/units.ts";
import { attachLab } from "../run/attach.ts";
import { exitCodes } from "./exit.ts";
import { chooseRun } from "./labs.ts";
import { print } from "./print.ts";

export interface CaptureOptions {
  readonly run?: string;
  readonly filter?: string;
  readonly node?: string;
  readonly for?: Duration;
  readonly write?: string;
}

/** Records a segment until Ctrl-C or the time is over. Prints where the packets are. */
export async function capture(segment: string, options: CaptureOptions): Promise<number> {
  const { filter, node, for: duration, write } = options;
  const limit = duration === undefined ? undefined : ms(duration);
  await using lab = await attachLab(chooseRun(options.run).id);
  const capture = await lab.fabric.capture(segment, { ...(node && { node }), ...(filter && { filter }) });
  process.stderr.write(`capturing ${segment}${limit === undefined ? ", Ctrl-C ends" : ` for ${duration}`}\n`);
  await asked(limit);
  const file = await capture.stop();
  if (write !== undefined) await copyFile(file, write);
  print(write === undefined ? file : resolve(write));
  return exitCodes.conforms;
}

/** Returns at the first SIGINT or SIGTERM, or when the time is over. */
function asked(limitMs: number | undefined): Promise<void> {
  return new Promise((resolve) => {
    const done = () => {
      clearTimeout(timer);
      process.off("SIGINT", done);
      process.off("SIGTERM", done);
      resolve();
    };
    // Without a limit the timer only keeps the process alive.
    const timer = limitMs === undefined ? setInterval(() => undefined, 1 << 30) : setTimeout(done, limitMs);
    process.on("SIGINT", done);
    process.on("SIGTERM", done);
  });
}
