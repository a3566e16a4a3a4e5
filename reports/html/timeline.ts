import { type Html, html } from "./html.ts";
import { spoken } from "./text.ts";

export interface Bar {
  readonly label: string;
  readonly from: number;
  readonly to: number;
  /** CSS class: an outcome, or a kind of step. */
  readonly look: string;
  /** A later moment at which the bar changes to its full colour: from there on a fault is known to bite. */
  readonly mark?: number;
}

export interface Row {
  readonly name: string;
  readonly bars: readonly Bar[];
}

/** Width of the drawing in characters of its labels, about: what decides whether two labels fit beside each other. */
const labelCharacters = 150;

/** Bars over a common axis, one row per name; bars whose labels would meet are put into lanes. Times in ms. */
export function timeline(rows: readonly Row[], from: number, to: number): Html {
  const span = Math.max(1, to - from);
  const percent = (at: number): number => ((Math.min(Math.max(at, from), to) - from) / span) * 100;
  const step = tickStep(span);
  const ticks = Array.from({ length: Math.floor(span / step) + 1 }, (_, i) => i * step);
  const grid = ticks.map((tick) => html`<i style="left:${fixed((tick / span) * 100)}%"></i>`);
  return html`<div class="timeline">
${rows.map((row) => {
  const lanes = inLanes(row.bars, percent);
  return html`<div class="row"><div class="who">${row.name}</div><div class="lanes" style="min-height:${Math.max(1, lanes.length) * 26 + 6}px">${grid}${lanes.map(
    (lane, index) => lane.map((bar) => drawn(bar, index, percent)),
  )}</div></div>
`;
})}<div class="row axis"><div class="who"></div><div class="lanes">${ticks.map((tick) => html`<b style="left:${fixed((tick / span) * 100)}%">${tickLabel(tick, step)}</b>`)}</div></div>
</div>`;
}

function drawn(bar: Bar, lane: number, percent: (at: number) => number): Html {
  const left = percent(bar.from);
  const right = percent(bar.to);
  const title = `${bar.label}: ${spoken(bar.to - bar.from)}`;
  const before = labelEnd(bar, percent) > 100;
  const marked =
    bar.mark !== undefined &&
    html`<em style="width:${fixed(((percent(bar.mark) - left) / Math.max(0.01, right - left)) * 100)}%"></em>`;
  return html`<span class="bar ${bar.look}${before ? " flip" : ""}" style="left:${fixed(left)}%;width:${fixed(right - left)}%;top:${lane * 26 + 3}px" title="${title}">${marked || ""}<span>${bar.label}</span></span>`;
}

function labelEnd(bar: Bar, percent: (at: number) => number): number {
  return percent(bar.from) + ((bar.label.length + 1.5) / labelCharacters) * 100;
}

/** The part of the axis that a bar needs with its label. A label that would leave the drawing stands before its bar. */
function room(bar: Bar, percent: (at: number) => number): readonly [number, number] {
  const [left, right, text] = [percent(bar.from), percent(bar.to), labelEnd(bar, percent)];
  return text > 100 ? [left - (text - left), right] : [left, Math.max(right, text)];
}

function inLanes(bars: readonly Bar[], percent: (at: number) => number): Bar[][] {
  const lanes: Bar[][] = [];
  for (const bar of [...bars].sort((a, b) => a.from - b.from)) {
    const [left] = room(bar, percent);
    const lane = lanes.find((taken) => taken.every((other) => room(other, percent)[1] <= left));
    if (lane) lane.push(bar);
    else lanes.push([bar]);
  }
  return lanes;
}

/** 1, 2 or 5 times a power of ten, in seconds, or whole minutes: at most ten ticks. */
export function tickStep(span: number): number {
  const steps = [100, 200, 500, 1000, 2000, 5000, 10_000, 20_000, 30_000, 60_000, 120_000, 300_000, 600_000];
  return steps.find((step) => span / step <= 10) ?? Math.ceil(span / 10 / 600_000) * 600_000;
}

export function tickLabel(at: number, step: number): string {
  return step >= 60_000 ? `${at / 60_000} min` : `${at / 1000} s`;
}

function fixed(value: number): string {
  return value.toFixed(2);
}
