import type { Span, StepTaken, StreamOutage, StreamReport, UpgradeReport } from "#harness/model/upgrade";
import { type Html, html } from "../html/html.ts";
import { tickLabel, tickStep } from "../html/timeline.ts";
import { type Axis, endOf, type Stretch } from "./axis.ts";
import { duration } from "./numbers.ts";
import { nameOf, type Step } from "./steps.ts";

/** The `nth` run of an axis drawn on it: its hops and steps to scale, and below them a lane for every user, with a mark for each outage. */
export function lanes(run: UpgradeReport, nth: number, axis: Axis, steps: readonly Step[]): Html {
  const share = (place: number) => ((place / axis.length) * 100).toFixed(3);
  const placed = ({ from, to }: Stretch) => `left:${share(from)}%;width:${share(to - from)}%`;
  const whole = ({ from, ms }: Span) => placed({ from: axis.at(nth, from), to: axis.at(nth, from + ms) });
  const every = tickStep(axis.length);
  const ticks = Array.from({ length: Math.floor(endOf(run) / every) }, (_, i) => (i + 1) * every)
    .map((tick) => ({ tick, place: axis.at(nth, tick) }))
    .filter(({ place }) => place < axis.length * 0.98);

  const under = [
    ...[run.phases.before, run.phases.after].map((phase) => html`<u style="${whole(phase)}"></u>`),
    ...axis.gaps(nth).map((gap) => html`<s style="${placed(gap)}"></s>`),
    ...ticks.map(({ place }) => html`<i style="left:${share(place)}%"></i>`),
  ];
  const hops = run.hops.map((hop, index) => {
    const name = `hop ${index + 1}: ${hop.title}`;
    const look = hop.ended === "done" ? "conforms" : "violates";
    return hop.ended !== "skipped" && bar(look, `${whole(hop)};top:4px`, name, [`${hop.ended}, ${duration(hop.ms)}`]);
  });
  const stacked = inLanes(run.steps);
  const taken = stacked.flatMap((lane, index) =>
    lane.map((step) => {
      const ordinal = steps.findIndex(({ hop, name }) => hop === step.hop && name === nameOf(run, step)) + 1;
      const look = step.error === undefined ? "step" : "violates";
      const lines = [`hop ${step.hop + 1}, ${duration(step.ms)}, from ${clock(step.from)}`, step.error];
      return bar(look, `${whole(step)};top:${index * 24 + 2}px`, `${ordinal} ${nameOf(run, step)}`, lines);
    }),
  );
  const streams = run.streams.map((stream) => {
    const marks = stream.outages.flatMap((outage) =>
      axis.pieces(nth, outage).map((piece) => mark(placed(piece), stream, outage)),
    );
    const name = html`${stream.name} ${stream.outMs > 0 && html`<b>${duration(stream.outMs)}</b>`}`;
    return row(name, 24, marks);
  });
  return html`<div class="run-of"><div class="under">${under}</div>
${row("hops", 28, hops)}${row("steps", Math.max(1, stacked.length) * 24 + 4, taken)}${streams}
<div class="row axis"><div class="who"></div><div class="lanes">${ticks.map(({ tick, place }) => html`<b style="left:${share(place)}%">${tickLabel(tick, every)}</b>`)}</div></div>
</div>
`;
}

const row = (name: Html | string, height: number, drawn: readonly (Html | false)[]): Html =>
  html`<div class="row"><div class="who">${name}</div><div class="lanes" style="min-height:${height}px">${drawn}</div></div>
`;

const bar = (look: string, place: string, name: string, lines: readonly (string | undefined)[]): Html =>
  html`<div class="bar ${look}" tabindex="0" style="${place}"><span class="text">${name}</span>${sheet(name, lines)}</div>`;

function mark(
  place: string,
  { name, requests }: StreamReport,
  { from, ms, failed, errors, during }: StreamOutage,
): Html {
  const kinds = errorKinds(errors);
  const lines = [
    `from ${clock(from)}, during ${during.join(", ") || "no step"}`,
    `${failed} of ${requests} requests failed${kinds && `: ${kinds}`}`,
  ];
  return html`<div class="mark" tabindex="0" style="${place}">${sheet(`${name}: ${duration(ms)}`, lines)}</div>`;
}

/** What is shown of a bar or a mark that is pointed at or tapped. */
const sheet = (title: string, lines: readonly (string | undefined)[]): Html =>
  html`<div class="sheet"><b>${title}</b>${lines.map((line) => line !== undefined && html`<span>${line}</span>`)}</div>`;

/** "29 timeout, 2 refused", the most first. */
export const errorKinds = (errors: StreamOutage["errors"]): string =>
  Object.entries(errors)
    .sort(([, a], [, b]) => b - a)
    .map(([kind, count]) => `${count} ${kind}`)
    .join(", ");

/** A moment of a run: minutes and seconds since its users began. */
export const clock = (ms: number): string =>
  `${Math.floor(ms / 60_000)}:${((ms % 60_000) / 1000).toFixed(1).padStart(4, "0")}`;

/** Steps that were taken at the same time, one below the other. */
function inLanes(steps: readonly StepTaken[]): StepTaken[][] {
  const lanes: StepTaken[][] = [];
  for (const step of steps.toSorted((a, b) => a.from - b.from)) {
    const free = lanes.find((lane) => lane.every(({ from, ms }) => from + ms <= step.from));
    if (free) free.push(step);
    else lanes.push([step]);
  }
  return lanes;
}
