import { createHash } from "node:crypto";

/** SHA-256 of a recipe written canonically: keys sorted, bytes as base64, `undefined` left out. Same recipe, same name. */
export function recipeDigest(recipe: unknown): string {
  return createHash("sha256").update(canonical(recipe)).digest("hex");
}

function canonical(value: unknown): string {
  return JSON.stringify(value, (_, v: unknown) => {
    if (v instanceof Uint8Array) return { base64: Buffer.from(v).toString("base64") };
    if (typeof v === "object" && v !== null && !Array.isArray(v))
      return Object.fromEntries(Object.entries(v).sort(([a], [b]) => (a < b ? -1 : 1)));
    return v;
  });
}
