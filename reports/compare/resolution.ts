import { type StreamReport, silentBeats, type UpgradeReport } from "#harness/model/upgrade";
import type { ComparedPath } from "./model.ts";

/** An outage's length is known no better. Milliseconds. */
export const resolutionOf = ({ everyMs, probe }: StreamReport): number => everyMs + probe.lateP99;

/** A sum of outages: each adds its own error. */
export const resolutionOfSum = (stream: StreamReport): number =>
  resolutionOf(stream) * Math.max(1, stream.outages.length);

export const resolutionOfAll = ({ streams }: UpgradeReport): number =>
  streams.reduce((sum, stream) => sum + resolutionOfSum(stream), 0);

/** Outages that are none to users who ask less often: silences in which these begin too few requests. */
export interface Missed {
  readonly count: number;
  /** Milliseconds: none is longer. */
  readonly longest: number;
  /** Milliseconds, of all of them. */
  readonly sum: number;
}

const nothing: Missed = { count: 0, longest: 0, sum: 0 };

/**
 * Per path: what may be an outage on it and none on the first path, or the other way round. Nothing where users of both ask as often;
 * else as many as either felt that are no longer than the shortest silence that counts for those who ask less often, and one at least.
 */
export function missedBy(paths: readonly ComparedPath[], user: string): Missed[] {
  const [first, ...others] = paths.map(({ runs }) =>
    runs.flatMap(({ streams }) => streams.filter(({ name }) => name === user)),
  );
  return [[], ...others].map((own) => {
    const both = [...(first ?? []), ...own];
    const periods = new Set(both.map(({ everyMs }) => everyMs));
    if (periods.size < 2) return nothing;
    const longest = silentBeats * Math.max(...periods) + Math.max(...both.map(({ probe }) => probe.lateP99));
    const count = Math.max(1, ...both.map(({ outages }) => outages.filter(({ ms }) => ms <= longest).length));
    return { count, longest, sum: count * longest };
  });
}

/** Of all users together. */
export function missedByAny(paths: readonly ComparedPath[]): Missed[] {
  const users = new Set(paths.flatMap(({ runs }) => runs.flatMap(({ streams }) => streams.map(({ name }) => name))));
  const missed = [...users].map((user) => missedBy(paths, user));
  return paths.map((_, path) =>
    missed.reduce((all, own) => {
      const { count, longest, sum } = own[path] ?? nothing;
      return { count: all.count + count, longest: Math.max(all.longest, longest), sum: all.sum + sum };
    }, nothing),
  );
}
