import { createHash } from "node:crypto";

/** SHA-256 of a recipe written canonically: keys sorted, bytes as base64, `undefined` left out. Same recipe, same name. */
export function recipeDigest(recipe: unknown): string {
  return createHash("sha256")
    .update(JSON.stringify(canonical(recipe)))
    .digest("hex");
}

function canonical(value: unknown): unknown {
  if (value instanceof Uint8Array) return { base64: Buffer.from(value).toString("base64") };
  if (Array.isArray(value)) return value.map(canonical);
  if (typeof value !== "object" || value === null) return value;
  const sorted = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1));
  return Object.fromEntries(sorted.map(([key, of]) => [key, canonical(of)]));
}
