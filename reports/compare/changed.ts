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
  const groups = [...Map.groupBy(rows, (row) => placeOf(row, paths))].sort(([a], [b]) => rank(a) - rank(b));
  const counts = groups.map(([place, own]) => `${own.length} ${paths.length > 1 ? place : ""}`.trim()).join(", ");
  const bodies = groups.map(
    ([place, own]) =>
      html`<tbody>${paths.length > 1 && html`<tr class="group"><th colspan="${2 + paths.length}">${place}</th></tr>`}
${own.map((row) => html`<tr><th class="subject">${row.what}</th><td class="detail">${row.on.join(", ")}</td>${paths.map((path, index) => values(row, path, index))}</tr>\n`)}</tbody>
`,
  );
  return html`<details class="more"><summary>${kind}<small>${counts}</small></summary>
<div class="scroll"><table class="changes"><thead><tr><th>what</th><th>on</th>${paths.map(({ label }) => html`<th><span class="label">${label}</span></th>`)}</tr></thead>${bodies}</table></div></details>
`;
}

/** In words: "only on A", "on every path". */
function placeOf({ where, runs }: ChangeRow, paths: readonly ComparedPath[]): string {
  if (where !== "some") return everywhere[where];
  return `only on ${paths
    .filter((_, path) => runs[path])
    .map(({ label }) => label)
    .join(", ")}`;
}

const everywhere = {
  otherwise: "on every path, to other values",
  varies: "on every path, other in every run",
  all: "the same on every path",
} as const;

/** What differs comes first. */
const rank = (place: string): number => Object.values<string>(everywhere).indexOf(place);

function values({ runs, values }: ChangeRow, { runs: all }: ComparedPath, path: number): Html {
  const own = values[path] ?? [];
  const seen = runs[path];
  if (seen === null || seen === undefined) return html`<td class="how">unknown</td>`;
  const of = all.filter(({ changes }) => changes).length;
  return html`<td>${own.map(({ before, after }) => html`${before !== undefined && html`<del>${before}</del>`}${after !== undefined && html`<ins>${after}</ins>`}`)}${seen > 0 && seen < of && html`<small class="how">in ${seen} of ${of} runs</small>`}</td>`;
}
