import type { Spread } from "#harness/model/spread";
import type { Difference, Quantity } from "./model.ts";

/** A length of time to the digit that matters: 0.85 ms, 312 ms, 1.20 s, 14.1 s, 4:03 min. */
export function duration(ms: number): string {
  const { divisor, unit } = scaleOf(ms);
  return `${inUnit(ms, divisor)} ${unit}`;
}

/** The median, and in brackets the least and the most where they are others: "312 ms" and "(280–340)". */
export function spreadTexts({ median, min, max }: Spread, unit: Quantity["unit"]): [median: string, range?: string] {
  const { divisor, unit: named } = unit === "ms" ? scaleOf(max) : { divisor: 1, unit: "" };
  const of = (value: number) => (unit === "ms" ? inUnit(value, divisor) : String(value));
  const middle = `${of(median)}${named && ` ${named}`}`;
  return of(min) === of(max) ? [middle] : [middle, `(${of(min)}–${of(max)})`];
}

/** Both in one: "312 ms (280–340)". */
export const spreadText = (spread: Spread, unit: Quantity["unit"]): string => spreadTexts(spread, unit).join(" ");

/** What a difference is, in few words. */
export function differenceText({ is, by }: Difference, unit: Quantity["unit"]): string {
  const amount = `${by > 0 ? "+" : "−"}${unit === "ms" ? duration(Math.abs(by)) : Math.abs(by)}`;
  return { ...plainly, "noise-unknown": `${amount}, noise unknown`, differs: amount }[is];
}

const plainly = {
  none: "the same",
  "below-resolution": "below resolution",
  "within-noise": "within the noise",
} as const;

interface Scale {
  readonly divisor: number;
  readonly unit: "ms" | "s" | "min";
}

function scaleOf(ms: number): Scale {
  if (ms < 999.5) return { divisor: 1, unit: "ms" };
  return ms < 99_950 ? { divisor: 1000, unit: "s" } : { divisor: 60_000, unit: "min" };
}

function inUnit(ms: number, divisor: number): string {
  if (divisor === 1) return ms < 99.95 ? trimmed(ms.toFixed(ms < 9.995 ? 2 : 1)) : String(Math.round(ms));
  if (divisor === 1000) return (ms / 1000).toFixed(ms < 9_995 ? 2 : 1);
  const seconds = Math.round(ms / 1000);
  return `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, "0")}`;
}

const trimmed = (text: string): string => text.replace(/\.0+$|(\.\d*?)0+$/, "$1");
