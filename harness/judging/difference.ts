import { inspect, isDeepStrictEqual } from "node:util";

/** A value in a few lines, as JavaScript would write it. At most `limit` characters. */
export function shown(value: unknown, limit = 2000): string {
  const text = inspect(value, { depth: 8, breakLength: 100, maxArrayLength: 200, maxStringLength: limit });
  return text.length > limit ? `${text.slice(0, limit)} … (${text.length} characters in all)` : text;
}

/**
 * What tells two values apart, one line each: what a list lacks and what it has too much (as sets, then order), and
 * which fields of an object differ. Empty when `expected` and `actual` are equal or when showing both says it all.
 */
export function difference(expected: unknown, actual: unknown, path = ""): string[] {
  if (isDeepStrictEqual(expected, actual)) return [];
  const at = path ? `${path}: ` : "";
  if (Array.isArray(expected) && Array.isArray(actual)) {
    const missing = without(expected, actual).map((item) => `${at}missing ${shown(item)}`);
    const unexpected = without(actual, expected).map((item) => `${at}unexpected ${shown(item)}`);
    return missing.length + unexpected.length > 0 ? [...missing, ...unexpected] : [`${at}the same in another order`];
  }
  if (isRecord(expected) && isRecord(actual)) {
    return [...new Set([...Object.keys(expected), ...Object.keys(actual)])].flatMap((key) =>
      difference(expected[key], actual[key], path ? `${path}.${key}` : key),
    );
  }
  return path ? [`${at}expected ${shown(expected)}, was ${shown(actual)}`] : [];
}

/** The members of `list` that are left when each member of `taken` has been taken out once. */
export function without(list: readonly unknown[], taken: readonly unknown[]): unknown[] {
  const rest = [...list];
  for (const item of taken) {
    const index = rest.findIndex((other) => isDeepStrictEqual(other, item));
    if (index >= 0) rest.splice(index, 1);
  }
  return rest;
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
