import { createInterface } from "node:readline";
import { setTimeout as after } from "node:timers/promises";
import { $, which } from "zx";
import { ms, readable } from "../judging/duration.ts";
import { LabBroken } from "../model/errors.ts";
import type { CommandOptions, CommandResult } from "../model/machines.ts";

export interface HostCommandOptions extends CommandOptions {
  readonly cwd?: string;
  /** The whole environment. Default that of this process. */
  readonly env?: NodeJS.ProcessEnv;
  /** Given each line of standard error as it comes; that is where programs tell how far they are. */
  readonly onLine?: (line: string) => void;
  /** Given each line of standard output as it comes. */
  readonly onOutput?: (line: string) => void;
}

/** Between the request to end and the end by force. */
const graceMs = 2000;

/**
 * Runs a program on this computer, without a shell's expansions, and waits for its end. It has a process group of its
 * own, so that it ends with all that it started when time is over (`within`, default 60 s) or the signal aborts.
 * Throws `LabBroken` when it cannot be started, is not done in time or ends with an exit code that is not `ok`, and
 * the signal's reason when that aborts.
 */
export async function host(command: readonly string[], options: HostCommandOptions = {}): Promise<CommandResult> {
  const { within = "60s", ok = [0], signal } = options;
  signal?.throwIfAborted();
  const readableCommand = command.join(" ");
  const started = performance.now();
  const running = $({
    nothrow: true,
    quiet: true,
    detached: true,
    prefix: `exec ${await tether()}`,
    env: options.env ?? process.env,
    ...(options.cwd === undefined ? {} : { cwd: options.cwd }),
    ...(options.input === undefined ? {} : { input: Buffer.from(options.input) }),
  })`${command}`;
  if (options.onLine) createInterface(running.stderr).on("line", options.onLine);
  if (options.onOutput) createInterface(running.stdout).on("line", options.onOutput);

  const settled = new AbortController();
  const patience = after(ms(within), "late", { signal: settled.signal, ref: false }).catch(() => undefined);
  const interruption = new Promise<"aborted">((resolve) => {
    signal?.addEventListener("abort", () => resolve("aborted"), { once: true, signal: settled.signal });
  });
  const first = await Promise.race([running, patience, interruption]);
  if (first === "late" || first === "aborted") {
    await endGroup(running.pid, running);
  }
  settled.abort();
  const output = await running;
  const elapsed = Math.round(performance.now() - started);
  if (first === "aborted") throw signal?.reason;
  if (first === "late") {
    throw new LabBroken(`\`${readableCommand}\` was not done within ${readable(ms(within))} and was ended`, {
      who: "this computer",
      waitedMs: elapsed,
      seen: ending(output.stderr || output.stdout),
    });
  }
  const result: CommandResult = {
    command: readableCommand,
    exitCode: output.exitCode ?? 128,
    stdout: output.stdout,
    stderr: output.stderr,
    ms: elapsed,
  };
  if (ok !== "any" && !ok.includes(result.exitCode)) {
    throw new LabBroken(`\`${readableCommand}\` ended with ${output.signal ?? `exit code ${result.exitCode}`}`, {
      who: "this computer",
      seen: ending(result.stderr || result.stdout) || "no output",
    });
  }
  return result;
}

/**
 * What makes Linux end a program when this process is killed without a chance to do so itself. Where there is no
 * setpriv that can (util-linux 2.33 and later), such a program goes on to its own end.
 */
function tether(): Promise<string> {
  tethered ??= $({ nothrow: true, quiet: true })`setpriv --pdeathsig KILL true`.then(({ exitCode }) =>
    exitCode === 0 ? "setpriv --pdeathsig KILL " : "",
  );
  return tethered;
}
let tethered: Promise<string> | undefined;

/** Path of a program on this computer, or undefined. */
export async function whereIs(program: string, env: NodeJS.ProcessEnv = process.env): Promise<string | undefined> {
  return (await which(program, { nothrow: true, path: env.PATH ?? "" })) ?? undefined;
}

async function endGroup(pid: number | undefined, running: PromiseLike<unknown>): Promise<void> {
  signalGroup(pid, "SIGTERM");
  const stopped = new AbortController();
  const grace = after(graceMs, "late", { signal: stopped.signal }).catch(() => undefined);
  if ((await Promise.race([running, grace])) === "late") signalGroup(pid, "SIGKILL");
  stopped.abort();
  await running;
  signalGroup(pid, "SIGKILL");
}

function signalGroup(pid: number | undefined, signal: NodeJS.Signals): void {
  if (pid === undefined) return;
  try {
    process.kill(-pid, signal);
  } catch (e) {
    if ((e as NodeJS.ErrnoException).code !== "ESRCH") throw e;
  }
}

function ending(text: string): string {
  return text.trimEnd().split("\n").slice(-10).join("\n");
}
