import { type Html, html } from "../html/html.ts";
import { section } from "../html/pieces.ts";
import type { ChangeRow, ComparedPath, Comparison } from "./model.ts";

/** What changed on which path, a fold for each kind; those in which paths differ are open. */
export function changed({ changes, paths }: Comparison): Html {
  const unseen = paths.filter(({ runs }) => runs.every((run) => run.changes === undefined));
  const note = unseen.map(({ label }) => `Of ${label} it is not known: the cluster could not be looked at afterwards.`);
  const kinds = [...Map.groupBy(changes, ({ kind }) => kind)].map(([kind, rows]) => fold(kind, rows, paths));
  return section(
    "What changed",
    [...(changes.length === 0 ? ["Nothing was seen to change."] : []), ...note].join(" ") || false,
    kinds,
  );
}

function fold(kind: string, rows: readonly ChangeRow[], paths: readonly ComparedPath[]): Html {
  const inOrder = rows.toSorted((a, b) => rank(a) - rank(b));
  const groups = [...Map.groupBy(inOrder, (row) => placeOf(row, paths))];
  const counts = groups.map(([place, own]) => `${own.length} ${paths.length > 1 ? place : ""}`.trim()).join(", ");
  const bodies = groups.map(
    ([place, own]) =>
      html`<tbody>${paths.length > 1 && html`<tr class="group"><th colspan="${2 + paths.length}">${place}</th></tr>`}
${own.map((row) => html`<tr><th class="subject">${row.what}</th><td class="detail">${row.on.join(", ")}</td>${paths.map((_, path) => values(row, path))}</tr>\n`)}</tbody>
`,
  );
  return html`<details class="more"><summary>${kind}<small>${counts}</small></summary>
<div class="scroll"><table class="changes"><thead><tr><th>what</th><th>on</th>${paths.map(({ label }) => html`<th><span class="label">${label}</span></th>`)}</tr></thead>${bodies}</table></div></details>
`;
}

/** In words: "only on A", "the same on every path", "on A (unknown on B)". */
function placeOf({ where, runs }: ChangeRow, paths: readonly ComparedPath[]): string {
  const labels = paths.map(({ label }) => label);
  const changed = labels.filter((_, path) => runs[path]);
  const unknown = labels.filter((_, path) => runs[path] === null);
  if (unknown.length === 0) return places[where](where === "some" ? changed.join(", ") : "every path");
  const place = where === "all" && changed.length === 1 ? `on ${changed}` : places[where](changed.join(", "));
  return `${place} (unknown on ${unknown.join(", ")})`;
}

/** What differs comes first. */
const places: Readonly<Record<ChangeRow["where"], (on: string) => string>> = {
  some: (on) => `only on ${on}`,
  otherwise: (on) => `on ${on}, to other values`,
  varies: (on) => `on ${on}, other in every run`,
  all: (on) => `the same on ${on}`,
};

const rank = ({ where }: ChangeRow): number => Object.keys(places).indexOf(where);

function values({ runs, of, values }: ChangeRow, path: number): Html {
  const own = values[path] ?? [];
  const [seen = null, all = 0] = [runs[path], of[path]];
  if (seen === null) return html`<td class="how">unknown</td>`;
  return html`<td>${own.map(({ before, after }) => html`${before !== undefined && html`<del>${before}</del>`}${after !== undefined && html`<ins>${after}</ins>`}`)}${seen > 0 && seen < all && html`<small class="how">in ${seen} of ${all} runs</small>`}</td>`;
}
