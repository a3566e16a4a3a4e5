import { writeFileSync } from "node:fs";
import { cpus, loadavg, totalmem } from "node:os";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { ms } from "../judging/duration.ts";
import { LabBroken, Misdeclared, reasonOf } from "../model/errors.ts";
import type { Machine } from "../model/machines.ts";
import type { Progress } from "../model/progress.ts";
import type { ClusterRecipe, Step } from "../model/provision.ts";
import type { Lab } from "../model/scenario.ts";
import type { Duration } from "../model/units.ts";
import type {
  Change,
  Forecast,
  HopTaken,
  PartTaken,
  Span,
  StepTaken,
  UpgradePath,
  UpgradeReport,
  Users,
} from "../model/upgrade.ts";
import { type Plan, runSteps } from "../provision/run-steps.ts";
import { clockError } from "./clock.ts";
import { Effort } from "./effort.ts";
import { streamReport } from "./felt.ts";
import { titleOf } from "./path.ts";
import { isRefusal } from "./refused.ts";

/** What a path is watched with. */
export interface Watching<I> {
  readonly users: Users;
  /** What there is, before and after. */
  readonly inventory: (lab: Lab) => Promise<I>;
  readonly changes: (before: I, after: I) => readonly Change[];
  /** What is known beforehand of a hop. All are asked before the first. */
  readonly forecast: (lab: Lab, path: UpgradePath, hop: number) => Promise<readonly Forecast[]>;
  readonly progress: Progress;
  /** How long users are watched before the first hop and after the last, for something to compare with. Default 15 s. */
  readonly quiet?: Duration;
}

/** Where a run keeps what taking a path told. */
export const reportFile = "upgrade.json";

/**
 * Takes a path in a lab whose cluster is as the path begins, while users are at work, and tells what it cost them and
 * what it changed. A hop that a tool refuses, or that fails, ends the path: that is an outcome, told in the report, with
 * the users watched for as long as after a good one. The report is also kept in the run's folder. Throws `Misdeclared`
 * for a provisioner that cannot upgrade, and `LabBroken` when users are not served before anything is done.
 */
export async function takePath<I>(
  lab: Lab,
  cluster: ClusterRecipe,
  path: UpgradePath,
  watching: Watching<I>,
): Promise<UpgradeReport> {
  const { run, topology } = lab;
  const { users, progress, quiet = "15s" } = watching;
  const { provisioner } = cluster;
  if (!provisioner.upgrade)
    throw new Misdeclared(`the path ${path.name}`, [`nothing here upgrades clusters made with ${provisioner.name}`]);
  const plans = path.hops.map((_, hop) => provisioner.upgrade?.(path, hop, cluster, topology) ?? []);

  const told = async <T>(what: string, work: () => Promise<T>): Promise<T> => {
    const line = progress.begin(what);
    const began = Date.now();
    const note = (error?: string) =>
      run.journal.write({
        kind: "step-done",
        at: Date.now(),
        step: what,
        on: [],
        ms: Date.now() - began,
        ...(error !== undefined && { error }),
      });
    try {
      const result = await work();
      line.done();
      note();
      return result;
    } catch (cause) {
      line.failed(reasonOf(cause).split("\n")[0] ?? "");
      note(reasonOf(cause));
      throw cause;
    }
  };

  const clockErrorMs = await clockError(Object.values(lab.nodes));
  const before = await told("take stock", () => watching.inventory(lab));
  const forecasts = await told("look ahead", async () => {
    const all: Forecast[] = [];
    for (const hop of path.hops.keys()) all.push(...(await watching.forecast(lab, path, hop)));
    return all;
  });
  await using present = new AsyncDisposableStack();
  const active = present.use(await told("users begin", () => users.begin(lab)));
  const { began } = active;
  const spanSince = (from: number): Span => ({ from: from - began, ms: Date.now() - from });
  const watchQuietly = async (what: string): Promise<Span> => {
    const from = Date.now();
    await told(what, () => pause(ms(quiet), undefined, { signal: run.signal }));
    return spanSince(from);
  };

  const quietBefore = await watchQuietly("watch users before anything is done");
  const effort = await Effort.begin(Object.values(lab.nodes));
  const load = loadavg()[0] ?? 0;
  const started = Date.now();
  const steps: StepTaken[] = [];
  const hops: HopTaken[] = [];
  for (const [hop, plan] of plans.entries()) {
    const from = Date.now();
    const ended = hops.some(({ ended }) => ended !== "done")
      ? ({ ended: "skipped" } as const)
      : await takeHop(plan, hop);
    hops.push({ title: titleOf(path, hop), ...spanSince(from), ...ended });
  }
  const during = spanSince(started);
  const overheadMs = effort.overheadMs(during.ms);
  const quietAfter = await watchQuietly("watch users afterwards");
  const records = await told("users end", () => active.end());
  await told("users leave", () => present.disposeAsync()).catch((cause) => {
    // What a hop has broken may hold what they needed: pods of a node that is silent never end.
    const undone = hops.some(({ ended }) => ended !== "done");
    if (!undone || !(cause instanceof LabBroken) || run.signal.aborted) throw cause;
  });
  const phases = { before: quietBefore, during, after: quietAfter };
  const changes = await told("take stock again", () => watching.inventory(lab)).then(
    (after) => watching.changes(before, after),
    (cause) => {
      if (cause instanceof LabBroken && !run.signal.aborted) return undefined;
      throw cause;
    },
  );
  const report: UpgradeReport = {
    format: 1,
    path,
    run: run.id,
    scenario: run.scenario,
    at: began,
    hops,
    steps,
    phases,
    streams: records.map((record) => streamReport(record, { began, phases, steps })),
    ...(changes && { changes }),
    forecasts,
    clockErrorMs,
    overheadMs,
    computer: {
      cores: cpus().length,
      cpu: cpus()[0]?.model ?? "",
      memoryGiB: Math.round(totalmem() / 2 ** 30),
      loadBefore: Math.round(load * 10) / 10,
    },
  };
  writeFileSync(join(run.folder, reportFile), `${JSON.stringify(report, null, 2)}\n`);
  run.journal.write({ kind: "attached", at: Date.now(), name: "what taking the path told", file: reportFile });
  return report;

  async function takeHop(plan: Plan, hop: number): Promise<Pick<HopTaken, "ended" | "because">> {
    try {
      const parts = new Map<Step, PartTaken[]>();
      const machines = new Map<string, Machine>(Object.entries(lab.nodes).map(([n, m]) => [n, effort.of(m)]));
      await runSteps(plan, {
        run,
        machines,
        progress,
        onPart: (step, { from, ...part }) =>
          parts.set(step, [...(parts.get(step) ?? []), { ...part, from: from - began }]),
        onStep(step, { from, ...taken }) {
          const { name, on } = step;
          const own = parts.get(step);
          if (own) effort.ofProgram(own.map((part) => ({ from: part.from + began, ms: part.ms })));
          steps.push({ hop, name, on, ...taken, from: from - began, ...(own && { parts: own }) });
        },
      });
      return { ended: "done" };
    } catch (cause) {
      if (run.signal.aborted || !(cause instanceof LabBroken)) throw cause;
      return { ended: isRefusal(cause) ? "refused" : "failed", because: cause.message };
    }
  }
}
