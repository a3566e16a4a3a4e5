import { type Html, html } from "../html/html.ts";
import { section } from "../html/pieces.ts";
import { cell, cells, head, pathHeads, table, told } from "./cells.ts";
import { clock, errorKinds, shortened, suspects } from "./lanes.ts";
import type { Comparison, StreamRow } from "./model.ts";
import { duration } from "./numbers.ts";
import { times } from "./words.ts";

/** For every user: outages and latency on each path, what it counted, and every outage by itself. */
export function felt(comparison: Comparison): Html {
  const { paths, streams } = comparison;
  const heads = [
    head(""),
    ...["outages", "the longest", "in all"].map((name) => head(name, "number")),
    ...["p50", "p99"].map((name) => head(`${name}, ms: before → during → after`, "number")),
  ];
  const bodies = streams.map(
    ({
      name,
      what,
      from,
      resolution,
      ...row
    }) => html`<tbody><tr class="group user"><th colspan="6"><span>${name}<small>${what}, from ${from}; known to within ${duration(resolution)}</small></span></th></tr>
${paths.map(
  ({ label }, path) =>
    html`<tr><td><span class="label">${label}</span></td>${[row.outages, row.longest, row.total].map((quantity) => cell(quantity, path))}${(["p50", "p99"] as const).map((quantile) => latency(row, quantile, path))}</tr>
`,
)}</tbody>`,
  );
  return section(
    "What each user felt",
    paths.length > 1 &&
      "Coloured: it differs from the first path by more than noise. Underlined: it differs, and how much of that is noise is unknown.",
    [table(heads, bodies), ...counted(comparison), ...everyOutage(comparison)],
  );
}

function latency({ latency }: Pick<StreamRow, "latency">, quantile: "p50" | "p99", path: number): Html {
  const [before, during, after] = (["before", "during", "after"] as const).map((phase) => {
    const ms = latency[phase][quantile].spreads[path]?.median;
    return ms === undefined ? "–" : ms.toFixed(ms < 99.95 ? 1 : 0);
  });
  const difference = latency.during[quantile].against[path];
  return html`<td class="number${difference?.is === "differs" && " differs"}"><span class="range">${before} → <b>${during}</b> → ${after}</span>${difference ? html`<small>during: ${told(difference, "ms")}</small>` : ""}</td>`;
}

function counted(comparison: Comparison): Html[] {
  const rows = comparison.streams.flatMap(({ name, counts }) =>
    Object.entries(counts).map(([count, quantity]) => html`<tr><th>${name}: ${count}</th>${cells(quantity)}</tr>\n`),
  );
  return rows.length > 0
    ? [html`<h3>Counted by users</h3>`, table([head(""), ...pathHeads(comparison)], html`<tbody>${rows}</tbody>`)]
    : [];
}

/** How many of a run's outages are told one by one. */
const mostOutages = 200;

/** Of every run, by time: what the marks of its timeline tell. */
function everyOutage({ paths }: Comparison): Html[] {
  const heads = [
    head("since users began", "number"),
    head("user"),
    head("length", "number"),
    head("during"),
    head("requests"),
  ];
  const tables = paths.flatMap(({ label, runs }) =>
    runs.map(({ run, streams }) => {
      const all = streams.flatMap((stream) => stream.outages.map((outage) => ({ ...outage, user: stream.name })));
      const longest = all.toSorted((a, b) => b.ms - a.ms).slice(0, mostOutages);
      const rows = longest
        .sort((a, b) => a.from - b.from)
        .map((outage) => {
          const { user, from, ms, failed, errors } = outage;
          const kinds = errorKinds([errors]);
          return html`<tr><td class="number">${clock(from)}</td><th>${user}</th><td class="number"><b>${duration(ms)}</b></td><td>${shortened(suspects(outage)) || "no step"}</td><td class="detail">${failed} failed${kinds && `: ${kinds}`}</td></tr>\n`;
        });
      const more = all.length - rows.length;
      return html`<details class="more"><summary><span class="label">${label}</span> ${times(all.length, "outage")} <small>${run}${more > 0 && `, the longest ${mostOutages} of them told here`}</small></summary>
${rows.length > 0 && table(heads, html`<tbody>${rows}</tbody>`)}</details>
`;
    }),
  );
  return [html`<h3>Every outage</h3>`, ...tables];
}
