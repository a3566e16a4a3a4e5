import type { Span, StepTaken, StreamOutage, StreamReport, UpgradeReport } from "#harness/model/upgrade";
import { type Html, html } from "../html/html.ts";
import { tickLabel, tickStep } from "../html/timeline.ts";
import { type Axis, endOf, type Stretch } from "./axis.ts";
import { duration } from "./numbers.ts";
import { type Part, shownParts } from "./parts.ts";
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
  const parts = shownParts(run).map((part) => partMark(whole(part), part));
  const streams = run.streams.map((stream) => {
    const marks = closeBy(stream.outages, axis.length * closeness).flatMap((outages) => {
      const [first, last] = [outages[0], outages.at(-1)];
      const span = first && last ? { from: first.from, ms: last.from + last.ms - first.from } : { from: 0, ms: 0 };
      return axis.pieces(nth, span).map((piece) => mark(placed(piece), stream, outages));
    });
    const name = html`${stream.name} ${stream.outMs > 0 && html`<b>${duration(stream.outMs)}</b>`}`;
    return row(name, 24, marks);
  });
  return html`<div class="run-of"><div class="under">${under}</div>
${row("hops", 28, hops)}${row("steps", Math.max(1, stacked.length) * 24 + 4, taken)}${parts.length > 0 && row("tasks", 24, parts)}${streams}
<div class="row axis"><div class="who"></div><div class="lanes">${ticks.map(({ tick, place }) => html`<b style="left:${share(place)}%">${tickLabel(tick, every)}</b>`)}</div></div>
</div>
`;
}

const row = (name: Html | string, height: number, drawn: readonly (Html | false)[]): Html =>
  html`<div class="row"><div class="who">${name}</div><div class="lanes" style="min-height:${height}px">${drawn}</div></div>
`;

const bar = (look: string, place: string, name: string, lines: readonly (string | undefined)[]): Html =>
  html`<div class="bar ${look}" tabindex="0" style="${place}"><span class="text">${name}</span>${sheet(name, lines)}</div>`;

function mark(place: string, { name, requests }: StreamReport, outages: readonly StreamOutage[]): Html {
  const sum = (number: (outage: StreamOutage) => number) => outages.reduce((all, outage) => all + number(outage), 0);
  const ms = duration(sum((outage) => outage.ms));
  const during = new Set(outages.flatMap(suspects));
  const kinds = errorKinds(outages.map(({ errors }) => errors));
  const lines = [
    `from ${clock(outages[0]?.from ?? 0)}, during ${shortened([...during]) || "no step"}`,
    `${sum(({ failed }) => failed)} of ${requests} requests failed${kinds && `: ${kinds}`}`,
  ];
  const title = outages.length > 1 ? `${name}: ${outages.length} outages, ${ms} in all` : `${name}: ${ms}`;
  return html`<div class="mark" tabindex="0" style="${place}">${sheet(title, lines)}</div>`;
}

/** Those that outages name stand out. */
function partMark(place: string, { name, group, hop, ms, from, outages, changed, error }: Part): Html {
  const what = changed ? "" : ", changed nothing";
  const lines = [
    `hop ${hop + 1}, ${group}`,
    `${duration(ms)}, from ${clock(from)}${what}`,
    outages.length > 0 ? `named by outages of ${[...new Set(outages.map(({ user }) => user))].join(", ")}` : undefined,
    error,
  ];
  return html`<div class="mark part${outages.length > 0 && " named"}" tabindex="0" style="${place}"><span class="text">${name}</span>${sheet(name, lines)}</div>`;
}

/** Outages that are drawn as one mark: no more than this share of the axis is between them, which nobody sees. */
const closeness = 0.0005;

function closeBy(outages: readonly StreamOutage[], within: number): StreamOutage[][] {
  const groups: StreamOutage[][] = [];
  for (const outage of outages.toSorted((a, b) => a.from - b.from)) {
    const last = groups.at(-1)?.at(-1);
    if (last && outage.from - last.from - last.ms <= within) groups.at(-1)?.push(outage);
    else groups.push([outage]);
  }
  return groups;
}

/** What may have caused an outage: parts of steps where these are told, else steps. */
export const suspects = ({ during, parts }: StreamOutage): readonly string[] => parts ?? during;

/** As many as are read. */
const mostNames = 12;

/** Names in a row; of many the first. */
export const shortened = (names: readonly string[]): string =>
  names.length <= mostNames
    ? names.join(", ")
    : `${names.slice(0, mostNames).join(", ")} and ${names.length - mostNames} more`;

/** What is shown of a bar or a mark that is pointed at or tapped. */
const sheet = (title: string, lines: readonly (string | undefined)[]): Html =>
  html`<div class="sheet"><b>${title}</b>${lines.map((line) => line !== undefined && html`<span>${line}</span>`)}</div>`;

/** "29 timeout, 2 refused", the most first. */
export function errorKinds(all: readonly StreamOutage["errors"][]): string {
  const counts = new Map<string, number>();
  for (const [kind, count] of all.flatMap((errors) => Object.entries(errors)))
    counts.set(kind, (counts.get(kind) ?? 0) + count);
  const most = [...counts].sort(([, a], [, b]) => b - a);
  return most.map(([kind, count]) => `${count} ${kind}`).join(", ");
}

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
