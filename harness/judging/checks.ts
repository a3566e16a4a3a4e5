import { isDeepStrictEqual } from "node:util";
import { Misdeclared } from "../model/errors.ts";
import type { Check, Verdict } from "../model/judging.ts";
import { shown, without } from "./difference.ts";

/** What a check says for given arguments. */
export type Judgement<T> = Pick<Check<T>, "claim" | "judge" | "absenceOf">;

/** Names a check in JSON: enough to make it again with `checkNamed`. */
interface CheckRef {
  readonly name: string;
  readonly args: unknown;
}

const registry = new Map<string, (args: unknown) => Check<unknown>>();

/**
 * Defines a check by name, so that a stored journal can be judged again. `define` must be pure, and its arguments JSON.
 * ```ts
 * export const hasPrefix = defineCheck("hasPrefix", (prefix: Cidr) => ({
 *   claim: `has ${prefix}`,
 *   judge: (routes: KernelRoute[]) => routes.some((r) => r.prefix === prefix) ? met : unmet(prefix, routes.map((r) => r.prefix)),
 * }));
 * ```
 * Throws `Misdeclared` for a name that is taken, and the factory for arguments that JSON cannot hold.
 */
export function defineCheck<A extends readonly unknown[], T>(
  name: string,
  define: (...args: A) => Judgement<T>,
): (...args: A) => Check<T> {
  if (registry.has(name)) throw new Misdeclared(`the check ${name}`, ["another check has the same name"]);
  const make = (...args: A): Check<T> => {
    const given = args.slice(0, args.findLastIndex((arg) => arg !== undefined) + 1);
    const written = asJson(given);
    if (!isDeepStrictEqual(written, given)) {
      throw new Misdeclared(`the check ${name}`, [
        `its arguments must be JSON, to be kept in the journal; they were ${shown(given, 200)}`,
      ]);
    }
    return { ...define(...args), name, args: written };
  };
  registry.set(name, (args) => make(...(args as A)) as Check<unknown>);
  return make;
}

function asJson(value: unknown): unknown {
  try {
    return JSON.parse(JSON.stringify(value));
  } catch {
    return undefined;
  }
}

/** Makes a registered check again, from what a journal holds. Throws `Misdeclared` when no module defined it. */
export function checkNamed(name: string, args: unknown): Check<unknown> {
  const make = registry.get(name);
  if (!make) {
    throw new Misdeclared(`the check ${name}`, [
      `no imported module defines it; known are ${[...registry.keys()].sort().join(", ")}`,
    ]);
  }
  return make(args);
}

export const met: Verdict = { is: "met" };

/** Not so, but it may still come. */
export const unmet = (expected: unknown, actual: unknown): Verdict => ({ is: "unmet", expected, actual });

/** Not so, and it cannot come any more: polling stops. */
export const hopeless = (expected: unknown, actual: unknown): Verdict => ({ is: "hopeless", expected, actual });

/** Exactly this value, deeply. */
export const equals = defineCheck("equals", (value: unknown) => ({
  claim: `is ${shown(value)}`,
  judge: (seen: unknown) => (isDeepStrictEqual(seen, value) ? met : unmet(value, seen)),
}));

/** A list with any members at all. Its absence, `not(hasAny())`, is an empty list. */
export const hasAny = defineCheck("hasAny", () => ({
  claim: "has any",
  judge: (seen: readonly unknown[]) => (seen.length > 0 ? met : unmet("one at least", seen)),
}));

/** A list with exactly these members, one at least, in any order. */
export const hasExactly = defineCheck("hasExactly", (first: unknown, ...more: unknown[]) => {
  const members = [first, ...more];
  return {
    claim: `has exactly ${members.map(inClaim).join(", ")}`,
    judge: (seen: readonly unknown[]) =>
      seen.length === members.length && without(members, seen).length === 0 ? met : unmet(members, seen),
  };
});

/** A list with at least these members, in any order. */
export const includes = defineCheck("includes", (...members: unknown[]) => ({
  claim: `includes ${members.map(inClaim).join(", ")}`,
  judge: (seen: readonly unknown[]) => (without(members, seen).length === 0 ? met : unmet(members, seen)),
}));

/** A number that is not smaller. */
export const atLeast = defineCheck("atLeast", (least: number) => ({
  claim: `is at least ${least}`,
  judge: (seen: number) => (seen >= least ? met : unmet(`at least ${least}`, seen)),
}));

/** A number that is not greater. */
export const atMost = defineCheck("atMost", (most: number) => ({
  claim: `is at most ${most}`,
  judge: (seen: number) => (seen <= most ? met : unmet(`at most ${most}`, seen)),
}));

const every = defineCheck("allOf", (...refs: CheckRef[]) => {
  const checks = refs.map(({ name, args }) => checkNamed(name, args));
  if (checks.length === 0 || checks.some((check) => check.absenceOf)) {
    throw new Misdeclared("the check allOf", [
      "it takes one check at least, and no absence: claim that by itself, so that its presence can be asked for",
    ]);
  }
  return {
    claim: checks.map((check) => check.claim).join(" and "),
    judge: (seen: unknown): Verdict => {
      const verdicts = checks.map((check) => check.judge(seen));
      return verdicts.find((v) => v.is === "hopeless") ?? verdicts.find((v) => v.is === "unmet") ?? met;
    },
  };
});

/** All of these of one sighting. Says what is wrong with the first that is not met. */
export const allOf = <T>(...checks: readonly Check<T>[]): Check<T> => every(...checks.map(ref));

const absence = defineCheck("not", (present: CheckRef) => {
  const check = checkNamed(present.name, present.args);
  return {
    claim: `no longer ${check.claim}`,
    absenceOf: check,
    judge: (seen: unknown) => (check.judge(seen).is === "met" ? unmet(`not: ${check.claim}`, seen) : met),
  };
});

/**
 * That something is gone. Give it the check of the thing's presence alone: `not(hasRoute("172.17.254.1/32"))`, since the
 * opposite of "three next hops" is met by two. The judge refuses it where the presence was never seen in this run.
 */
export const not = <T>(present: Check<T>): Check<T> => absence(ref(present));

const ref = ({ name, args }: CheckRef): CheckRef => ({ name, args });
const inClaim = (value: unknown): string => (typeof value === "string" ? value : shown(value));
