import { Misdeclared } from "../model/errors.ts";
import type { Duration } from "../model/units.ts";

const factors = { ms: 1, s: 1000, m: 60_000, h: 3_600_000 } as const;

/** Milliseconds of a duration: `ms("10s")` is 10000. Throws `Misdeclared` for anything that is not one. */
export function ms(duration: Duration): number {
  const [, number, unit] = /^(\d+(?:\.\d+)?)(ms|s|m|h)$/.exec(duration) ?? [];
  if (number === undefined) {
    throw new Misdeclared(`the duration ${JSON.stringify(duration)}`, [
      'it must be a number that is not negative and a unit, ms, s, m or h, such as "250ms" or "10s"',
    ]);
  }
  return Number(number) * factors[unit as keyof typeof factors];
}

/** As people write it: 250ms, 9.5s, 12s, 2m 5s. */
export function readable(milliseconds: number): string {
  if (milliseconds < 1000) return `${Math.round(milliseconds)}ms`;
  const tenths = Math.round(milliseconds / 100) / 10;
  if (tenths < 100) return `${tenths}s`;
  const seconds = Math.round(milliseconds / 1000);
  return seconds % 60 === 0 ? `${seconds / 60}m` : `${Math.floor(seconds / 60)}m ${seconds % 60}s`;
}
