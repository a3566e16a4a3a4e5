import type { Measured } from "#harness/model/evidence";

/** A length of time as people say it: 266 ms, 6.9 s, 2 min 38 s. */
export function spoken(ms: number): string {
  if (ms < 1000) return `${Math.round(ms)} ms`;
  if (ms < 60_000) return `${(ms / 1000).toFixed(1)} s`;
  const seconds = Math.round(ms / 1000);
  return `${Math.floor(seconds / 60)} min ${seconds % 60} s`;
}

/** A moment in UTC, to the second. */
export function moment(at: number): string {
  return `${new Date(at).toISOString().slice(0, 19).replace("T", " ")} UTC`;
}

export function quantity(value: number, unit: Measured["unit"]): string {
  if (unit === "share") return `${(value * 100).toFixed(1)} %`;
  return `${value.toLocaleString("en-GB", { maximumFractionDigits: value < 100 ? 2 : 0 }).replaceAll(",", "\u202f")} ${unit}`;
}

/** Numbers in it to two decimals: more than a clock or a share of some flows tells. */
export function rounded(value: unknown): unknown {
  return JSON.parse(JSON.stringify(value, (_, v) => (typeof v === "number" ? Math.round(v * 100) / 100 : v)));
}

/** JSON on several lines, but what fits on one line stays on one. */
export function json(value: unknown, indent = ""): string {
  const flat = flatJson(value);
  if (typeof value !== "object" || value === null || indent.length + flat.length <= 68) return flat;
  const inner = `${indent}  `;
  const lines = Array.isArray(value)
    ? value.map((item) => inner + json(item, inner))
    : Object.entries(value).map(([key, item]) => `${inner}${JSON.stringify(key)}: ${json(item, inner)}`);
  const [open, close] = Array.isArray(value) ? ["[", "]"] : ["{", "}"];
  return `${open}\n${lines.join(",\n")}\n${indent}${close}`;
}

/** JSON on one line, with spaces where people put them. */
export function flatJson(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map((item) => flatJson(item)).join(", ")}]`;
  if (typeof value !== "object" || value === null) return JSON.stringify(value) ?? "undefined";
  const fields = Object.entries(value).map(([key, item]) => `${JSON.stringify(key)}: ${flatJson(item)}`);
  return fields.length > 0 ? `{ ${fields.join(", ")} }` : "{}";
}
