import { ms } from "../judging/duration.ts";
import { type Spread, spreadOf } from "../model/spread.ts";
import type { Aim, Bench } from "./bench.ts";
import { type Stage, stages, type Times } from "./stages.ts";

export interface Row {
  readonly stage: keyof Times;
  readonly what: string;
  /** Milliseconds. */
  readonly ours?: Spread;
  readonly baseline?: Spread;
  /** How many times as long the baseline takes. */
  readonly ratio?: number;
  readonly aim?: { readonly within: number; readonly met: boolean; readonly share?: number };
}

/** One row per stage that was measured, steps after the machines that they are done on. An aim is for our median. */
export function summarize(ours: readonly Times[], baseline: readonly Times[], aims: Bench["aims"]): Row[] {
  const steps = [...new Set([...ours, ...baseline].flatMap((times) => Object.keys(times)))].filter(isStep);
  const names = Object.keys(stages) as Stage[];
  const after = names.indexOf("machines") + 1;
  return [...names.slice(0, after), ...steps, ...names.slice(after)].flatMap((stage) => {
    const [own, other] = [ours, baseline].map((all) => spreadOf(all.flatMap((times) => times[stage] ?? [])));
    if (!own && !other) return [];
    const aim = isStep(stage) ? undefined : aims[stage];
    return {
      stage,
      what: isStep(stage) ? stage : stages[stage],
      ...(own && { ours: own }),
      ...(other && { baseline: other }),
      ...(own && other && { ratio: other.median / own.median }),
      ...(own && aim !== undefined && { aim: against(aim, own.median, ours) }),
    };
  });
}

function against(aim: Aim, median: number, ours: readonly Times[]): NonNullable<Row["aim"]> {
  if (typeof aim === "string") return { within: ms(aim), met: median <= ms(aim) };
  const whole = spreadOf(ours.flatMap((times) => times[aim.of] ?? []))?.median ?? 0;
  return { within: whole * aim.share, met: median <= whole * aim.share, share: aim.share };
}

const isStep = (stage: string): stage is `step ${string}` => stage.startsWith("step ");

/** Heads of the columns, for a baseline of that name. */
export const head = (baseline: string): string[] => ["stage", "ours", baseline, `${baseline} / ours`, "aim", "met"];

/** Cells of a row, as they are shown: seconds, the median and in brackets the shortest and the longest. */
export function cells({ what, ours, baseline, ratio, aim }: Row): string[] {
  return [
    what,
    shown(ours),
    shown(baseline),
    ratio === undefined ? "" : ratio.toFixed(1),
    aim ? (aim.share === undefined ? `≤ ${aim.within / 1000} s` : `≤ ${Math.round(aim.share * 100)} %`) : "",
    aim ? (aim.met ? "yes" : "NO") : "",
  ];
}

const seconds = (value: number): string => (value / 1000).toFixed(value < 9_950 ? 2 : 1);

function shown(spread: Spread | undefined): string {
  if (!spread) return "";
  const { median, min, max, samples } = spread;
  return `${seconds(median)} s${samples.length > 1 ? ` (${seconds(min)}–${seconds(max)})` : ""}`;
}

/** A table of GitHub's Markdown. */
export function markdownTable(rows: readonly Row[], baseline: string): string {
  const line = (columns: readonly string[]) => `| ${columns.join(" | ")} |`;
  return [line(head(baseline)), "|---|---:|---:|---:|---:|---|", ...rows.map((row) => line(cells(row)))].join("\n");
}
