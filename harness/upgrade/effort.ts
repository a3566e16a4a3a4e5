import type { Machine, Shell } from "../model/machines.ts";
import type { LabMachine } from "../model/scenario.ts";
import type { Span } from "../model/upgrade.ts";

/** How often a command that does nothing is timed, on each of so many machines. */
const samples = 5;

/** Tells the time that was spent in commands on machines from what the harness itself took. */
export class Effort {
  readonly #spans: { from: number; to: number }[] = [];
  /** What a command takes that does nothing: reaching the machine. */
  readonly reachMs: number;

  private constructor(reachMs: number) {
    this.reachMs = reachMs;
  }

  static async begin(machines: readonly LabMachine[]): Promise<Effort> {
    const [machine] = machines;
    const took: number[] = [];
    for (let i = 0; machine && i < samples; i++) {
      const from = performance.now();
      await machine.sh(["true"]);
      took.push(performance.now() - from);
    }
    return new Effort(took.toSorted((a, b) => a - b)[Math.floor(samples / 2)] ?? 0);
  }

  /** A machine whose commands are counted. */
  of(machine: Machine): Machine {
    const run = async (...args: Parameters<Shell>) => {
      const from = performance.now();
      try {
        return await machine.sh(...args);
      } finally {
        this.#spans.push({ from, to: performance.now() });
      }
    };
    return {
      name: machine.name,
      node: machine.node,
      put: (files) => machine.put(files),
      sh: Object.assign(run, { start: machine.sh.start }),
    };
  }

  /** A program did this on machines, from the first to the last; what it does between them is its own. `from` in milliseconds of the epoch. */
  ofProgram(did: readonly Span[]): void {
    if (did.length === 0) return;
    const from = Math.min(...did.map((one) => one.from)) - performance.timeOrigin;
    const to = Math.max(...did.map((one) => one.from + one.ms)) - performance.timeOrigin;
    this.#spans.push({ from: from - this.reachMs, to });
  }

  /** Of so many milliseconds, those in which no command did its work: the harness's own, reaching machines included. */
  overheadMs(wallMs: number): number {
    return Math.round(
      Math.max(0, wallMs - union(this.#spans.map(({ from, to }) => ({ from: from + this.reachMs, to })))),
    );
  }
}

/** How long at least one of these was under way. */
export function union(spans: readonly { readonly from: number; readonly to: number }[]): number {
  let total = 0;
  let until = Number.NEGATIVE_INFINITY;
  for (const { from, to } of spans.toSorted((a, b) => a.from - b.from)) {
    total += Math.max(0, to - Math.max(from, until));
    until = Math.max(until, to);
  }
  return total;
}
