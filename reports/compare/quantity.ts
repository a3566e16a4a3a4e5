import { type Spread, spreadOf } from "#harness/model/spread";
import type { Difference, Quantity } from "./model.ts";

/** How often chance may set the ranges of two equal paths apart before a difference is not called one. */
export const mostChance = 0.1;

/**
 * One number of every path: all samples per path, what cannot be told apart on it, and what it or the first may have missed that the
 * other one did not.
 */
export function quantity(
  unit: Quantity["unit"],
  samples: readonly (readonly number[])[],
  resolutions: readonly number[] = [],
  missed: readonly number[] = [],
): Quantity {
  const spreads = samples.map((own) => spreadOf(own) ?? null);
  const [first] = spreads;
  const resolutionOf = (path: number) => resolutions[path] ?? 0;
  return {
    unit,
    spreads,
    against: spreads.map((own, path) =>
      own && first && path > 0
        ? difference(first, own, resolutionOf(0) + resolutionOf(path) + (missed[path] ?? 0))
        : null,
    ),
  };
}

/** Of two paths, by the ranges of their runs; `Difference` tells the rule. */
export function difference(first: Spread, other: Spread, resolution: number): Difference {
  const by = other.median - first.median;
  const chance = chanceOf(first.samples.length, other.samples.length);
  return { is: kindOf(), by, resolution, chance };

  function kindOf(): Difference["is"] {
    if (by === 0) return "none";
    if (Math.abs(by) <= resolution) return "below-resolution";
    if (first.min <= other.max && other.min <= first.max) return "within-noise";
    return chance > mostChance ? "noise-unknown" : "differs";
  }
}

/** How likely the ranges of n and of m runs of two equal paths are to lie apart: of all orders of the runs, two do. */
export const chanceOf = (n: number, m: number): number => Math.min(1, 2 / choose(n + m, n));

/** In how many ways k of n can be chosen. */
function choose(n: number, k: number): number {
  return Array.from({ length: k }, (_, i) => (n - i) / (i + 1)).reduce((product, factor) => product * factor, 1);
}
