import { excerpt } from "#harness/evidence/excerpt";
import { ms } from "#harness/judging/duration";
import { LabBroken } from "#harness/model/errors";
import type { CommandOptions, CommandResult, RunningCommand, Shell } from "#harness/model/machines";
import type { Journal } from "#harness/model/run";
import type { Duration } from "#harness/model/units";
import type { Spawned } from "./spawned.ts";

/** How much of a running command's output its result holds: what comes last. */
const remembered = 1 << 20;
const defaultSeconds = 60;
const graceMs = 2000;

/** Output as it may be shown. */
export function discreet(text: string, secret: CommandOptions["secret"]): string {
  if (secret === undefined || text === "") return text;
  if (secret === true) return "(not kept: it holds a secret)";
  return secret.reduce((shown, word) => shown.replaceAll(word, "(secret)"), text);
}

const argvOf = (command: string | readonly string[]): readonly string[] =>
  typeof command === "string" ? ["/bin/sh", "-c", command] : command;

const textOf = (command: string | readonly string[]): string =>
  typeof command === "string" ? command : command.join(" ");

/** Starts a program on a machine. Throws `LabBroken` when the machine cannot be asked. */
export type Spawn = (argv: readonly string[], options: { readonly stdin: boolean }) => Promise<Spawned>;

/**
 * The shell of a machine on which `spawn` starts programs: it writes to the journal, keeps time and judges exit codes.
 * `pace` is by how much longer than a container the machine takes.
 */
export function shellOver(spawn: Spawn, who: string, journal: Pick<Journal, "write">, pace = 1): Shell {
  const defaultWithin: Duration = `${pace * defaultSeconds}s`;

  function note(started: number, result: CommandResult, secret?: CommandOptions["secret"]): CommandResult {
    journal.write({
      kind: "command-ran",
      at: started,
      machine: who,
      command: excerpt(result.command),
      exitCode: result.exitCode,
      ms: result.ms,
      stdout: excerpt(discreet(result.stdout, secret)),
      stderr: excerpt(discreet(result.stderr, secret)),
    });
    return result;
  }

  async function run(command: string | readonly string[], options: CommandOptions = {}): Promise<CommandResult> {
    const { within = defaultWithin, input, ok = [0], signal, secret } = options;
    const text = textOf(command);
    signal?.throwIfAborted();
    const started = Date.now();
    const process = await spawn(argvOf(command), { stdin: input !== undefined });
    const ended = collect(process, () => undefined, Number.POSITIVE_INFINITY);
    if (input !== undefined) process.stream.end(input);

    const stop = AbortSignal.timeout(ms(within));
    const interrupt = signal ? AbortSignal.any([signal, stop]) : stop;
    const interrupted = Promise.withResolvers<"interrupted">();
    const onAbort = () => interrupted.resolve("interrupted");
    interrupt.addEventListener("abort", onAbort);
    const first = await Promise.race([ended, interrupted.promise]).finally(() =>
      interrupt.removeEventListener("abort", onAbort),
    );
    if (first === "interrupted") await process.kill("KILL");
    const { stdout, stderr } = await ended;
    const exitCode = await process.exitCode();
    const result = note(started, { command: text, exitCode, stdout, stderr, ms: Date.now() - started }, secret);
    if (first === "interrupted") {
      if (signal?.aborted) throw signal.reason;
      throw new LabBroken(`\`${excerpt(text)}\` took longer than ${within} and was killed`, {
        who,
        waitedMs: result.ms,
        seen: excerpt(discreet(stderr || stdout, secret)),
      });
    }
    if (ok !== "any" && !ok.includes(result.exitCode)) {
      throw new LabBroken(`\`${excerpt(text)}\` exited with ${result.exitCode}`, {
        who,
        seen: excerpt(discreet(stderr || stdout, secret)),
      });
    }
    return result;
  }

  async function start(
    command: string | readonly string[],
    { input, signal }: Pick<CommandOptions, "input" | "signal"> = {},
  ): Promise<RunningCommand> {
    const text = textOf(command);
    signal?.throwIfAborted();
    const started = Date.now();
    const process = await spawn(argvOf(command), { stdin: input !== undefined });
    const lines = new Lines();
    const exit = (async () => {
      try {
        const { stdout, stderr } = await collect(process, (data) => lines.push(data), remembered);
        const exitCode = await process.exitCode();
        return note(started, { command: text, exitCode, stdout, stderr, ms: Date.now() - started });
      } finally {
        lines.end();
      }
    })();
    // Whoever does not look at `exit` is not to be struck down by it.
    exit.catch(() => undefined);
    if (input !== undefined) process.stream.end(input);

    let stopping: Promise<CommandResult> | undefined;
    const stop = (): Promise<CommandResult> => {
      stopping ??= (async () => {
        await process.kill("TERM");
        const kill = setTimeout(() => process.kill("KILL").catch(() => undefined), graceMs);
        return exit.finally(() => clearTimeout(kill));
      })();
      return stopping;
    };
    const onAbort = () => void stop().catch(() => undefined);
    signal?.addEventListener("abort", onAbort);
    void exit.catch(() => undefined).finally(() => signal?.removeEventListener("abort", onAbort));
    return {
      command: text,
      lines,
      exit,
      stop,
      async [Symbol.asyncDispose]() {
        await stop().catch(() => undefined);
      },
    };
  }

  return Object.assign(run, { start });
}

/** Output to its end. What is longer than twice `keep` is cut to its last `keep` characters. */
async function collect(
  process: Spawned,
  onStdout: (text: string) => void,
  keep: number,
): Promise<{ stdout: string; stderr: string }> {
  const decoders = { stdout: new TextDecoder(), stderr: new TextDecoder() };
  const texts = { stdout: "", stderr: "" };
  try {
    for await (const { from, data } of process.output) {
      const text = decoders[from].decode(data, { stream: true });
      texts[from] += text;
      if (texts[from].length > 2 * keep) texts[from] = texts[from].slice(-keep);
      if (from === "stdout") onStdout(text);
    }
  } catch {
    // The machine went away under it; the exit code tells.
  }
  return texts;
}

/** A queue of lines between one writer and one reader. */
class Lines implements AsyncIterable<string> {
  readonly #ready: string[] = [];
  #partial = "";
  #ended = false;
  #wake = Promise.withResolvers<void>();

  push(text: string): void {
    const lines = (this.#partial + text).split("\n");
    this.#partial = lines.pop() ?? "";
    this.#ready.push(...lines);
    this.#wake.resolve();
  }

  end(): void {
    if (this.#partial) this.#ready.push(this.#partial);
    this.#ended = true;
    this.#wake.resolve();
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<string> {
    for (;;) {
      const line = this.#ready.shift();
      if (line !== undefined) yield line;
      else if (this.#ended) return;
      else {
        this.#wake = Promise.withResolvers();
        await this.#wake.promise;
      }
    }
  }
}
