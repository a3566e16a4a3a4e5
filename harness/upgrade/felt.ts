import {
  type Asked,
  type Latency,
  nameWithMachines,
  type PartTaken,
  type Span,
  type StepTaken,
  type StreamOutage,
  type StreamRecord,
  type StreamReport,
  silentBeats,
  type UpgradeReport,
} from "../model/upgrade.ts";

export interface FeltContext {
  /** Milliseconds of the epoch, from which spans count. */
  readonly began: number;
  readonly phases: UpgradeReport["phases"];
  readonly steps: readonly StepTaken[];
}

/** A stretch of time by its ends. */
interface Stretch {
  readonly from: number;
  readonly until: number;
}

/**
 * Pure: what one user felt, from when all had begun until they were watched no more. He was not served while no answer
 * came although he asked, whatever his patience and TCP's; and from a request that failed until the next one that did
 * not, as when one API server of three is dead. Where he did not ask, for the computer was too busy, he is not said to
 * have missed anything: that is the probe's lateness.
 */
export function streamReport(record: StreamRecord, { began, phases, steps }: FeltContext): StreamReport {
  const { name, what, from, everyMs, counts, uncounted } = record;
  const watched = phases.after.from + phases.after.ms;
  const asked = record.asked
    .map((request) => ({ ...request, at: request.at - began, due: request.due - began }))
    .filter(({ at }) => at >= 0 && at <= watched)
    .sort((a, b) => a.at - b.at);
  const arrivals = asked
    .filter(answered)
    .map(endOf)
    .sort((a, b) => a - b);
  const silent = silentBeats * everyMs;
  const outages = union([...silences(asked, arrivals, silent), ...failures(asked, silent)]).map((stretch) =>
    outage(stretch, asked, steps),
  );
  const late = asked.flatMap((request) => lateness(request, everyMs)).sort((a, b) => a - b);
  const failed = asked.filter((request) => !answered(request));
  const latencyIn = (span: Span) => latency(asked, arrivals, span);
  return {
    name,
    what,
    from,
    everyMs,
    ...(counts && { counts }),
    ...(uncounted !== undefined && { uncounted }),
    requests: asked.length,
    failed: failed.length,
    outages,
    outMs: rounded(outages.reduce((sum, { ms }) => sum + ms, 0)),
    longestOutMs: Math.max(0, ...outages.map(({ ms }) => ms)),
    errors: countsOf(failed),
    latency: {
      before: latencyIn(phases.before),
      during: latencyIn(phases.during),
      after: latencyIn(phases.after),
    },
    probe: { lateP99: quantile(late, 0.99) ?? 0, lateMax: quantile(late, 1) ?? 0 },
  };
}

/** Of every beat that a request stands for: after a stall one is begun for all that were due meanwhile. */
const lateness = ({ at, due }: Asked, everyMs: number): readonly number[] =>
  Array.from({ length: Math.max(1, Math.floor((at - due) / everyMs)) }, (_, beat) => at - due - beat * everyMs);

const answered = ({ error }: Asked) => error === undefined;
const endOf = ({ at, ms }: Asked) => at + ms;
/** To the microsecond, which is what probes measure. */
const rounded = (ms: number) => Math.round(ms * 1000) / 1000;

/**
 * Stretches between two answers in which none came although so many requests were begun as make a silence: from the
 * first that had to wait. Where none was begun for as long, the stretch is over with the last that was.
 */
function silences(asked: readonly Asked[], arrivals: readonly number[], silent: number): Stretch[] {
  const found: Stretch[] = [];
  let next = 0;
  let openUntil = Number.NEGATIVE_INFINITY;
  for (const [i, until] of arrivals.entries()) {
    const before = arrivals[i - 1];
    if (before === undefined || until - before <= silent) continue;
    for (; next < asked.length && (asked[next] as Asked).at < before; next++)
      openUntil = Math.max(openUntil, endOf(asked[next] as Asked));
    let from = openUntil > before ? before : undefined;
    let last = before;
    let begun = 0;
    const close = (at: number) => {
      if (from !== undefined && begun >= silentBeats) found.push({ from, until: at });
    };
    for (let n = next; n < asked.length && (asked[n] as Asked).at < until; n++) {
      const { at } = asked[n] as Asked;
      if (at - last > silent) {
        close(last);
        from = at;
        begun = 0;
      }
      from ??= at;
      last = at;
      begun++;
    }
    close(until - last > silent ? last : until);
  }
  return found;
}

/** From each request that failed until the next that was answered was begun, or nothing was asked any more. */
function failures(asked: readonly Asked[], silent: number): Stretch[] {
  const found: Stretch[] = [];
  let from: number | undefined;
  for (const [i, request] of asked.entries()) {
    if (answered(request)) continue;
    from ??= request.at;
    const next = asked[i + 1];
    if (next === undefined) found.push({ from, until: endOf(request) });
    else if (next.at - request.at > silent) found.push({ from, until: Math.min(endOf(request), next.at) });
    else if (answered(next)) found.push({ from, until: next.at });
    else continue;
    from = undefined;
  }
  return found;
}

/** Stretches that overlap are one. */
function union(stretches: readonly Stretch[]): Stretch[] {
  const merged: Stretch[] = [];
  for (const stretch of stretches.toSorted((a, b) => a.from - b.from)) {
    const last = merged.at(-1);
    if (last && stretch.from <= last.until)
      merged.splice(-1, 1, { from: last.from, until: Math.max(last.until, stretch.until) });
    else merged.push(stretch);
  }
  return merged;
}

function outage({ from, until }: Stretch, asked: readonly Asked[], steps: readonly StepTaken[]): StreamOutage {
  const failed = asked.filter((request) => !answered(request) && request.at >= from && request.at < until);
  const within = steps.filter((step) => step.from < until && step.from + step.ms > from);
  const during = within.map(nameWithMachines);
  const parts = suspects({ from, until }, steps).map(nameWithMachines);
  return {
    from: rounded(from),
    ms: rounded(until - from),
    failed: failed.length,
    errors: countsOf(failed),
    during: [...new Set(during)],
    ...(parts.length > 0 && { parts: [...new Set(parts)] }),
  };
}

/** Parts that change nothing are not suspected when they are shorter: a playbook has a thousand of them, most of them skipped. */
const briefMs = 100;
/** What was changed longer ago is not suspected: a connection that fails is felt within seconds. */
const recentMs = 15_000;

/** Of parts of steps: the last that had changed something when a stretch began, and those within it that count. */
function suspects({ from, until }: Stretch, steps: readonly StepTaken[]): PartTaken[] {
  const parts = steps.flatMap((step) => step.parts ?? []).sort((a, b) => a.from - b.from);
  const before = parts.findLast(
    (part) => part.changed && part.from + part.ms <= from && part.from + part.ms > from - recentMs,
  );
  const within = parts.filter(
    (part) => part.from < until && part.from + part.ms > from && (part.changed || part.ms >= briefMs),
  );
  return before ? [before, ...within] : within;
}

function countsOf(failed: readonly Asked[]): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const { error = "" } of failed) counts[error] = (counts[error] ?? 0) + 1;
  return counts;
}

function latency(asked: readonly Asked[], arrivals: readonly number[], { from, ms }: Span): Latency {
  const until = from + ms;
  const took = asked
    .filter((request) => answered(request) && request.at >= from && request.at < until)
    .map((request) => request.ms)
    .sort((a, b) => a - b);
  const moments = [from, ...arrivals.filter((at) => at > from && at < until), until];
  const longestSilence = moments.reduce((longest, at, i) => Math.max(longest, at - (moments[i - 1] ?? at)), 0);
  return {
    answered: took.length,
    p50: quantile(took, 0.5),
    p99: quantile(took, 0.99),
    longestSilence: rounded(longestSilence),
  };
}

/** Of numbers in ascending order; `null` of none. */
function quantile(sorted: readonly number[], q: number): number | null {
  const found = sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * q))];
  return found === undefined ? null : rounded(found);
}
