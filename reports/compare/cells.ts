import { type Html, html, type Piece } from "../html/html.ts";
import type { Comparison, Difference, Quantity } from "./model.ts";
import { differenceText, spreadTexts } from "./numbers.ts";

/** Rows under heads, in a frame that scrolls by itself. */
export const table = (head: readonly Piece[], body: Piece): Html =>
  html`<div class="scroll"><table><thead><tr>${head}</tr></thead>${body}</table></div>`;

export const head = (text: string, look = ""): Html => html`<th${look && html` class="${look}"`}>${text}</th>`;

/** A head for the numbers of each path. */
export const pathHeads = ({ paths }: Comparison): Html[] =>
  paths.map(({ label }) => html`<th class="number"><span class="label">${label}</span></th>`);

/** A number does not part from its unit at the end of a line. */
export const told = (difference: Difference, unit: Quantity["unit"]): string =>
  differenceText(difference, unit).replaceAll(/(?<=\d) (?=m?s|min)/g, "\u00a0");

/** One path's cell: the number, and how it differs from the first path's. */
export function cell({ spreads, against, unit }: Quantity, path: number, remark: Piece = false): Html {
  const [spread, difference] = [spreads[path], against[path]];
  const [median, range] = spread ? spreadTexts(spread, unit) : ["–"];
  return html`<td class="number ${difference?.is ?? ""}"><b>${median}</b>${range !== undefined && html` <span class="range">${range}</span>`}${difference ? html`<small>${told(difference, unit)}</small>` : ""}${remark}</td>`;
}

/** Of every path. */
export const cells = (quantity: Quantity): Html[] => quantity.spreads.map((_, path) => cell(quantity, path));
