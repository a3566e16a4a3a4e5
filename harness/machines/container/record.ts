import { once } from "node:events";
import { createWriteStream } from "node:fs";
import { finished } from "node:stream/promises";
import type { Container } from "dockerode";
import type { Recording } from "#harness/fabric/wires";
import { ms } from "#harness/judging/duration";
import { within } from "#harness/judging/within";
import { LabBroken } from "#harness/model/errors";
import { spawn } from "./exec.ts";

/**
 * Runs a program in a container and writes its standard output, byte by byte as it comes, to a file on this computer:
 * what was recorded stays even if the container is killed. Returns once its standard error matches `ready`.
 * When the file cannot be written, as on a full disk, the program runs on and `stop` throws `LabBroken`.
 */
export async function recordIn(
  container: Container,
  who: string,
  argv: readonly string[],
  file: string,
  ready: RegExp,
): Promise<Recording> {
  const process = await spawn(container, who, argv, { stdin: false });
  const out = createWriteStream(file);
  let lost: Error | undefined;
  out.on("error", (error) => {
    lost ??= error;
  });
  const isReady = Promise.withResolvers<void>();
  let stderr = "";
  const broken = (what: string) =>
    new LabBroken(`\`${argv.join(" ")}\` ${what}`, { who, ...(stderr && { seen: stderr }) });
  const ended = (async () => {
    try {
      for await (const { from, data } of process.output) {
        if (from === "stderr") {
          stderr += data.toString();
          if (ready.test(stderr)) isReady.resolve();
        } else if (!lost && !out.write(data)) await once(out, "drain").catch(() => undefined);
      }
    } finally {
      isReady.reject(broken("ended before it was ready"));
      out.end();
      await finished(out).catch(() => undefined);
    }
  })();
  ended.catch(() => undefined);
  const timer = setTimeout(() => isReady.reject(broken("did not become ready")), ms(within.oneLook.within));
  try {
    await isReady.promise;
  } catch (error) {
    await process.kill("KILL");
    throw error;
  } finally {
    clearTimeout(timer);
  }
  return {
    async stop() {
      await process.kill("INT");
      await ended;
      if (lost) throw new LabBroken("not all that was recorded could be written", { who: file, seen: lost.message });
    },
  };
}
