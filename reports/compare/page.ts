import type { Outcome } from "#harness/model/judging";
import type { UpgradeReport } from "#harness/model/upgrade";
import { Html, html } from "../html/html.ts";
import { document, section } from "../html/pieces.ts";
import { moment } from "../html/text.ts";
import { alignOnSteps } from "./axis.ts";
import { cell, cells, head, pathHeads, table } from "./cells.ts";
import { changed } from "./changed.ts";
import { felt } from "./felt.ts";
import { lanes } from "./lanes.ts";
import type { ClaimRow, Comparison, PartRow, StreamRow } from "./model.ts";
import { duration } from "./numbers.ts";
import { compareStyle } from "./style.ts";
import { came, precision, rule, tally, times } from "./words.ts";

/** A comparison as one page that needs nothing else: it may be sent, or attached to a change request. */
export function page(comparison: Comparison): string {
  const { paths } = comparison;
  const title = paths.length > 1 ? "Upgrade paths compared" : "An upgrade path";
  return document(
    `${title}: ${paths.map(({ path }) => path.name).join(", ")}`,
    compareStyle,
    html`<header class="step"><div>
<p class="eyebrow">hardway</p>
<h1>${title}</h1>
<p class="proves">What each costs the users of a cluster, measured while it was done.</p>
<div class="cards">${paths.map(({ label, path, runs }) => html`<div class="card"><h2><span class="label">${label}</span> ${path.name}</h2><p>${path.title}</p><p class="run">${times(runs.length, "run")}, ${moment(Math.min(...runs.map(({ at }) => at)))}</p></div>`)}</div>
</div></header>
<main>
${inShort(comparison)}
${timelines(comparison)}
${felt(comparison)}
${claims(comparison)}
${tasks(comparison)}
${stages(comparison)}
${changed(comparison)}
${forecasts(comparison)}
${known(comparison)}
${theRuns(comparison)}
</main>
<footer>Made by hardway from what the runs left. The same again: <code>npx hardway compare ${paths.flatMap(({ runs }) => runs.map(({ run }) => run)).join(" ")}</code></footer>`,
  );
}

function inShort(comparison: Comparison): Html {
  const { paths, hops, took, out, longest, streams, claims } = comparison;
  const ended = paths.map((_, path) => tally(hops.flatMap((row) => row.ended[path] ?? [])));
  const ledgers = streams.filter(({ counts }) => counts.lost);
  return section(
    "In short",
    false,
    table(
      [head(""), ...pathHeads(comparison)],
      html`<tbody>
<tr><th>hops</th>${ended.map((words) => html`<td class="number${words === "done" ? "" : " violates"}"><b class="verdict">${words}</b></td>`)}</tr>
${claims.length > 0 && html`<tr><th>claims</th>${paths.map((_, path) => verdictsOf(claims, path))}</tr>`}
<tr><th>took</th>${cells(took)}</tr>
<tr><th>longest outage of any user</th>${paths.map((_, path) => cell(longest, path, whose(streams, path)))}</tr>
<tr><th>out of service, all users together</th>${cells(out)}</tr>
${ledgers.map((row) => html`<tr><th>acknowledged and lost, ${row.name}</th>${paths.map((_, path) => lostOn(row, path))}</tr>`)}
</tbody>`,
    ),
  );
}

/** What a path lost of what it had acknowledged. Nothing is claimed of runs in which that could not be read back. */
function lostOn({ counts: { acknowledged, lost } }: StreamRow, path: number): Html | false {
  const [all, known] = [acknowledged, lost].map((count) => count?.spreads[path]?.samples.length ?? 0);
  const unknown = (all ?? 0) - (known ?? 0);
  if (known === 0 && unknown > 0) return html`<td class="number">unknown</td>`;
  return (
    lost !== undefined && cell(lost, path, unknown > 0 && html`<small>unknown of ${times(unknown, "run")}</small>`)
  );
}

/** Whose outage was the longest on a path. */
function whose(streams: readonly StreamRow[], path: number): Html | false {
  const longest = ({ longest }: StreamRow) => longest.spreads[path]?.max ?? 0;
  const [first] = streams.toSorted((a, b) => longest(b) - longest(a));
  return first !== undefined && longest(first) > 0 && html`<small>of ${first.name}</small>`;
}

const verdictsOf = (claims: readonly ClaimRow[], path: number): Html =>
  verdicts(claims.flatMap(({ outcomes }) => outcomes[path] ?? []));

/** How often each, the bad ones first. */
function verdicts(outcomes: readonly Outcome[]): Html {
  const counted = (["violates", "broken", "unsupported", "conforms"] as const)
    .map((outcome) => ({ outcome, count: outcomes.filter((one) => one === outcome).length }))
    .filter(({ count }) => count > 0);
  const word = ({ outcome, count }: (typeof counted)[number]) =>
    html`<span class="word ${outcome}">${outcomes.length > 1 && `${count} `}${outcome}</span>`;
  return html`<td class="number verdicts">${counted.length > 0 ? counted.map(word) : "not judged"}</td>`;
}

function timelines({ paths, steps }: Comparison): Html {
  const runs = paths.flatMap((path) => path.runs);
  const axis = alignOnSteps(runs);
  const drawn = (run: UpgradeReport) => lanes(run, runs.indexOf(run), axis, steps);
  const zooms = [1, 4, 16].map(
    (zoom) =>
      html`<label><input type="radio" name="zoom" id="zoom-${zoom}"${zoom === 1 && new Html(" checked")}> ${zoom === 1 ? "whole" : `${zoom} times as wide`}</label>`,
  );
  return section(
    "Outages, step by step",
    "The same step begins at the same place on every path, and a second is as wide everywhere; hatched: another path takes longer there. Grey: before the first hop and after the last. Red: a user was not served; point at a mark, or tap it. Times are since the users of that run began.",
    html`<fieldset class="zoom">${zooms}</fieldset>
<div class="timeline aligned"><div class="wide">
${paths.map(({ label, path, runs: own, median }) => {
  const others = own.filter((_, nth) => nth !== median);
  return html`<div class="name"><span class="label">${label}</span> ${path.name}${own.length > 1 && `: run ${median + 1} of ${own.length}, the one in the middle`}</div>
${own.filter((_, nth) => nth === median).map(drawn)}
${others.length > 0 && html`<details><summary><span>the other ${times(others.length, "run")} of ${label}</span></summary>${others.map(drawn)}</details>`}`;
})}
</div></div>`,
  );
}

function claims(comparison: Comparison): Html | false {
  const { claims } = comparison;
  if (claims.length === 0) return false;
  const rows = claims.map(
    ({ claim, outcomes }) => html`<tr><td class="what">${claim}</td>${outcomes.map(verdicts)}</tr>\n`,
  );
  return section("Claims", false, table([head("claim"), ...pathHeads(comparison)], html`<tbody>${rows}</tbody>`));
}

/** Most that is shown without asking. */
const fewParts = 30;

function tasks(comparison: Comparison): Html | false {
  const { parts, paths } = comparison;
  if (parts.length === 0) return false;
  const most = (row: PartRow) => Math.max(0, ...row.out.spreads.map((spread) => spread?.median ?? 0));
  const byOut = parts.toSorted((a, b) => most(b) - most(a));
  const heads = [
    head("task"),
    ...paths.flatMap(({ label }) => [
      html`<th class="number"><span class="label">${label}</span> out of service</th>`,
      head("outages", "number"),
      head("took", "number"),
    ]),
  ];
  const remark = (users: readonly string[]) => users.length > 0 && html`<small>${users.join(", ")}</small>`;
  const rowsOf = (rows: readonly PartRow[]) =>
    rows.map(
      ({ hop, group, name, ...row }) =>
        html`<tr><td class="what">${name}<small class="how"> hop ${hop + 1}, ${group}</small></td>${paths.map((_, path) => [cell(row.out, path, remark(row.users[path] ?? [])), cell(row.outages, path), cell(row.ms, path)])}</tr>\n`,
    );
  const rest = byOut.slice(fewParts);
  return section(
    "Which task caused which outage",
    "An outage names the last task that had changed something in the 15 s before it began, and those under way that changed something or took a tenth of a second. Out of service: in outages that name the task, all users together; one outage may name several. Tasks that none names are shown where they take 5 s or longer.",
    [
      table(heads, html`<tbody>${rowsOf(byOut.slice(0, fewParts))}</tbody>`),
      ...(rest.length > 0
        ? [
            html`<details class="more"><summary>${times(rest.length, "more task")}</summary>
${table(heads, html`<tbody>${rowsOf(rest)}</tbody>`)}</details>`,
          ]
        : []),
    ],
  );
}

function stages(comparison: Comparison): Html {
  const { hops, steps, took, paths } = comparison;
  const bodies = hops.map((row) => {
    const titles = [...new Set(row.titles.flatMap((title) => title ?? []))];
    const own = steps.map((step, nth) => ({ ...step, ordinal: nth + 1 })).filter(({ hop }) => hop === row.hop);
    const ended = paths.map((_, path) => tally(row.ended[path] ?? []));
    return html`<tbody><tr class="group"><th>hop ${row.hop + 1}: ${titles.join("; ")}</th>${paths.map((_, path) => cell(row.ms, path, ended[path] !== "done" && html`<small class="violates"><span class="verdict">${ended[path]}</span></small>`))}</tr>
${own.map(({ ordinal, name, ms }) => html`<tr><td><span class="ordinal">${ordinal}</span> ${name}</td>${cells(ms)}</tr>\n`)}</tbody>
`;
  });
  const all = html`<tbody><tr class="group"><th>in all</th>${cells(took)}</tr></tbody>`;
  const reasons = hops.flatMap(({ hop, because }) =>
    because.flatMap((said, path) =>
      said.map(
        (one) =>
          html`<div class="judged violates"><p><span class="dot"></span>hop ${hop + 1} of <span class="label">${paths[path]?.label}</span></p><pre class="because">${one}</pre></div>`,
      ),
    ),
  );
  return section("How long each step took", false, [
    table([head("step"), ...pathHeads(comparison)], [...bodies, all]),
    ...reasons,
  ]);
}

function forecasts(comparison: Comparison): Html | false {
  const { forecasts, unforeseen, paths } = comparison;
  if (forecasts.length + unforeseen.length === 0) return false;
  const rows = forecasts.map(
    ({ hop, severity, kind, says, paths: all }) =>
      html`<tr><td class="nowrap">hop ${hop + 1}</td><th>${severity}</th><td class="says">${says}<small class="how"> ${kind}</small></td>${all.map((one) => html`<td>${one ? html`${came[one.came]}<small class="how"> ${one.because}</small>` : "not foretold"}</td>`)}</tr>\n`,
  );
  const missed = unforeseen.map(
    ({ path, hop, ended }) =>
      html`<div class="judged violates"><p><span class="dot"></span> Not foretold: hop ${hop + 1} of <span class="label">${paths[path]?.label}</span> ${ended === "failed" ? "failed" : "was refused"}.</p></div>`,
  );
  const heads = [
    head(""),
    head(""),
    head("what was foretold"),
    ...paths.map(({ label }) => html`<th><span class="label">${label}</span></th>`),
  ];
  return section("Foretold, and what came of it", false, [
    ...(rows.length > 0 ? [table(heads, html`<tbody>${rows}</tbody>`)] : []),
    ...missed,
  ]);
}

const known = (comparison: Comparison): Html =>
  section(
    "How well this is known",
    false,
    html`<ul class="known">${[...rule(comparison), ...precision(comparison)].map((sentence) => html`<li>${sentence}</li>`)}</ul>`,
  );

function theRuns({ paths }: Comparison): Html {
  const rows = paths.flatMap(({ label, runs }) =>
    runs.map(
      ({ run, at, computer, clockErrorMs, overheadMs, phases }) =>
        html`<tr><td><span class="label">${label}</span></td><th>${run}</th><td class="nowrap">${moment(at)}</td><td class="number">${duration(overheadMs)} of ${duration(phases.during.ms)}</td><td class="number">${duration(clockErrorMs)}</td><td class="detail">${Object.entries(
          computer,
        )
          .map(([name, value]) => `${name} ${value}`)
          .join(", ")}</td></tr>\n`,
    ),
  );
  const heads = [
    head(""),
    head("run"),
    head("when"),
    head("harness's own time", "number"),
    head("clocks differ by", "number"),
    head("computer"),
  ];
  return section("Runs", false, table(heads, html`<tbody>${rows}</tbody>`));
}
