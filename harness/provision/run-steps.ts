import { ms } from "../judging/duration.ts";
import { discreet } from "../machines/shell.ts";
import { LabBroken, Misdeclared } from "../model/errors.ts";
import type { CommandResult, Machine, Shell } from "../model/machines.ts";
import type { Progress } from "../model/progress.ts";
import type { Step, StepPart } from "../model/provision.ts";
import type { Run } from "../model/run.ts";

/** Steps one after another; those of an inner list at the same time. */
export type Plan = readonly (Step | readonly Step[])[];

export interface StepsContext {
  readonly run: Run;
  readonly machines: ReadonlyMap<string, Machine>;
  readonly progress: Progress;
  /** Aborts the steps; the run's own signal does so in any case. */
  readonly signal?: AbortSignal;
  /** Stop after the step of this name; with several of that name, after the last of them. */
  readonly until?: string;
  /** Told of each step when it has ended, well or not. `from` in milliseconds of the epoch. */
  readonly onStep?: (
    step: Step,
    taken: { readonly from: number; readonly ms: number; readonly error?: string },
  ) => void;
  /** Told of each part of a step that has ended, as the step tells it. */
  readonly onPart?: (step: Step, part: StepPart) => void;
}

/**
 * Runs a plan. Each step is journalled and must end within its budget, else `LabBroken` says which step, on which
 * machine, what was seen last and where to look. Of steps that run at the same time the first failure aborts the others
 * and is thrown. Throws `Misdeclared` when `until` names no step.
 */
export async function runSteps(plan: Plan, context: StepsContext): Promise<void> {
  const groups = plan.map((entry) => ("run" in entry ? [entry] : entry));
  for (const group of groups.slice(0, stop(groups, context.until))) {
    const siblings = new AbortController();
    const ended = await Promise.allSettled(
      group.map((step) =>
        runStep(step, context, siblings.signal).catch((error) => {
          if (!siblings.signal.aborted) siblings.abort(error);
          throw error;
        }),
      ),
    );
    if (ended.some(({ status }) => status === "rejected")) throw siblings.signal.reason;
  }
}

function stop(groups: readonly (readonly Step[])[], until: string | undefined): number {
  if (until === undefined) return groups.length;
  const last = groups.findLastIndex((group) => group.some(({ name }) => name === until));
  if (last >= 0) return last + 1;
  const names = new Set(groups.flat().map(({ name }) => name));
  throw new Misdeclared(`the step to stop after, ${JSON.stringify(until)},`, [
    `it is none of the plan's steps: ${[...names].join(", ")}`,
  ]);
}

async function runStep(step: Step, context: StepsContext, siblings: AbortSignal): Promise<void> {
  const { run, machines, progress } = context;
  const budget = ms(step.within);
  const timeout = new AbortController();
  const outside = AbortSignal.any([run.signal, siblings, ...(context.signal ? [context.signal] : [])]);
  const signal = AbortSignal.any([outside, timeout.signal]);
  const heard = new LastHeard();
  const machine = (name: string): Machine => {
    const found = machines.get(name);
    if (found) return heard.on(found, signal);
    throw new LabBroken(`the step "${step.name}" asks for a machine that was not raised`, { who: name });
  };
  const line = progress.begin(step.name, step.on.join(", "));
  const from = Date.now();
  const started = performance.now();
  const done = (error?: string) => {
    const taken = { ms: Math.round(performance.now() - started), ...(error === undefined ? {} : { error }) };
    run.journal.write({ kind: "step-done", at: Date.now(), step: step.name, on: step.on, ...taken });
    context.onStep?.(step, { from, ...taken });
  };
  const part = (ended: StepPart) => context.onPart?.(step, ended);
  const { promise: late, reject } = Promise.withResolvers<never>();
  let hanging: string | undefined;
  const timer = setTimeout(() => {
    hanging = heard.underWay;
    reject(new Error(`not finished within ${step.within}`));
    timeout.abort();
  }, budget);
  const interrupted = () => reject(signal.reason);
  signal.addEventListener("abort", interrupted, { once: true });
  late.catch(() => {});
  try {
    await Promise.race([step.run({ run, machine, signal, note: line.note, part }), late]);
    done();
    line.done();
  } catch (cause) {
    const error = outside.aborted ? cause : broken(step, performance.now() - started, cause, hanging ?? heard.last);
    done(String((error as Error)?.message ?? error));
    line.failed(timeout.signal.aborted ? `not finished within ${step.within}` : firstLine(cause));
    throw error;
  } finally {
    clearTimeout(timer);
    signal.removeEventListener("abort", interrupted);
  }
}

function broken(step: Step, waitedMs: number, cause: unknown, heard: string | undefined): LabBroken {
  const on = step.on.join(", ");
  return new LabBroken(`the step "${step.name}" failed: ${firstLine(cause)}`, {
    who: on,
    waitedMs,
    ...seenBy(cause, heard),
    look: lookOf(cause) ?? `journalctl -b on ${on} (hardway shell ${step.on[0] ?? "<machine>"})`,
    cause,
  });
}

/** What the step itself says that it saw, else what was heard of its commands. */
function seenBy(cause: unknown, heard: string | undefined): { readonly seen?: string } {
  const own = cause instanceof LabBroken ? cause.particulars.seen : undefined;
  const seen = own ?? heard;
  return seen === undefined ? {} : { seen };
}

const lookOf = (cause: unknown) => (cause instanceof LabBroken ? cause.particulars.look : undefined);

const firstLine = (cause: unknown) => String((cause as Error)?.message ?? cause).split("\n")[0] ?? "";

/** Remembers what commands said and which are under way, so that a step that fails or hangs can tell. Commands end with their step. */
class LastHeard {
  last: string | undefined;
  readonly #underWay = new Set<{ readonly command: string }>();

  /** The commands that have not ended: of a step on several machines, those that it waits for. */
  get underWay(): string | undefined {
    return this.#underWay.size === 0 ? undefined : [...this.#underWay].map(({ command }) => command).join("\n");
  }

  on(machine: Machine, signal: AbortSignal): Machine {
    const run = async (...[command, options]: Parameters<Shell>): Promise<CommandResult> => {
      const text = typeof command === "string" ? command : command.join(" ");
      const begun = { command: `${machine.name}$ ${text}` };
      this.last = begun.command;
      this.#underWay.add(begun);
      try {
        const merged = options?.signal ? AbortSignal.any([signal, options.signal]) : signal;
        const result = await machine.sh(command, { ...options, signal: merged });
        this.last = `${begun.command}\n${tail(discreet(result.stdout + result.stderr, options?.secret))}`;
        return result;
      } catch (error) {
        const seen = error instanceof LabBroken ? error.particulars.seen : undefined;
        if (seen !== undefined) this.last = `${begun.command}\n${tail(seen)}`;
        throw error;
      } finally {
        this.#underWay.delete(begun);
      }
    };
    return {
      name: machine.name,
      node: machine.node,
      put: (files) => machine.put(files),
      ...(machine.whenReturned && { whenReturned: machine.whenReturned.bind(machine) }),
      sh: Object.assign(run, { start: machine.sh.start }),
    };
  }
}

const tail = (output: string) => output.trimEnd().split("\n").slice(-20).join("\n");
