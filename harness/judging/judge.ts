import { relative } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { journalFile, readJournal } from "../evidence/journal.ts";
import { ClaimViolated, LabBroken, Misdeclared, type Particulars, reasonOf } from "../model/errors.ts";
import type { Evidence, Judged, Observed } from "../model/evidence.ts";
import type { Check, Probe, Wait } from "../model/judging.ts";
import type { Journal } from "../model/run.ts";
import type { Duration } from "../model/units.ts";
import { not } from "./checks.ts";
import { difference, shown } from "./difference.ts";
import { ms, readable } from "./duration.ts";
import { waitAtPace } from "./pace.ts";
import { neverPresent, outcomeOfVerdict, verdictOn, verdictOver, wasPresent } from "./verdict.ts";
import { within } from "./within.ts";

export interface Reached<T> {
  readonly seen: T;
  /** Milliseconds from the start of the judgement until the look that saw it came back. */
  readonly afterMs: number;
  /** Milliseconds of the epoch when that look began. */
  readonly at: number;
}

export interface Held {
  readonly looks: number;
  /** The longest time between the starts of two looks, in milliseconds: what was shorter may have been missed. */
  readonly longestGapMs: number;
}

/**
 * Judges claims: looks with probes, asks checks, and writes every look and every verdict to the journal.
 *
 * All throw `ClaimViolated` when the claim is false, and `LabBroken` when it could not be judged: the probe could not
 * look, the check threw, the run was interrupted, or an absence is claimed of what was never seen present.
 */
export interface Judge {
  /** Waits until the check is met. Looks at once, then 50 ms later, then less and less often down to every 500 ms, the last time when the wait is over. */
  reaches<T>(probe: Probe<T>, check: Check<T>, wait: Wait): Promise<Reached<T>>;
  /** Waits until what `present` tells of is gone: `reaches(probe, not(present), wait)`. */
  vanishes<T>(probe: Probe<T>, present: Check<T>, wait: Wait): Promise<Reached<T>>;
  /** Watches that the check stays met, from now on. Looks `every` so often, by default 20 times but at most once in 50 ms and at least once a second. */
  holds<T>(probe: Probe<T>, check: Check<T>, watch: { for: Duration; every?: Duration }): Promise<Held>;
  /** Looks once. */
  once<T>(probe: Probe<T>, check: Check<T>): Promise<T>;
  /** Looks once, at a probe that tells all that it saw since the machines came up: an invariant. */
  always<T>(probe: Probe<T>, check: Check<T>): Promise<T>;
}

export interface JudgeOptions {
  readonly journal: Journal;
  /** The run's folder, where that journal is. */
  readonly folder: string;
  /** Name of the claim, as reports show it. */
  readonly test: string;
  /** Ends all waiting: the run's signal. */
  readonly signal?: AbortSignal;
  /** How long one look may take. */
  readonly look?: Wait;
  /** By how much all patience is longer, for looks and in `reaches`: that of the lab's machines, see `paceOf`. Default 1. */
  readonly pace?: number;
  /** Cuts every wait of `reaches` to so much: for the proof that a claim can be false, which would else take each wait in full. */
  readonly patience?: Duration;
}

/** How many judgements this process has begun. A run is judged by one process. */
let judgements = 0;

/** Makes the judge of one claim. */
export function judge({
  journal,
  folder,
  test,
  signal = new AbortController().signal,
  look = within.oneLook,
  pace = 1,
  patience,
}: JudgeOptions): Judge {
  const file = relative(process.cwd(), journalFile(folder));

  function write(claim: Claim, verdict: Judged["verdict"]): Judged {
    const { mode, of, check, since, judgement } = claim;
    const judged: Judged = {
      kind: "judged",
      at: Date.now(),
      test,
      probe: of,
      claim: check.claim,
      mode,
      check: { name: check.name, args: check.args },
      since,
      judgement,
      verdict,
      outcome: outcomeOfVerdict(verdict),
    };
    journal.write(judged);
    return judged;
  }

  function refuse(claim: Claim, verdict: Judged["verdict"], how: Wording): ClaimViolated | LabBroken {
    const sentence = `${claim.of} ${claim.check.claim}`;
    const particulars: Particulars = { ...how.particulars, look: file };
    if (verdict.is === "unmet" || verdict.is === "hopeless") {
      const { expected, actual } = verdict;
      const lines = [
        `${how.violated}: ${sentence}`,
        line("expected", said(expected)),
        line("actual", said(actual)),
        ...difference(expected, actual).map((d, i) => line(i === 0 ? "differs" : "", d)),
        ...how.lines,
      ];
      return new ClaimViolated(lines.join("\n"), expected, actual, particulars);
    }
    const because = verdict.is === "unseen" ? verdict.because : "";
    return new LabBroken(
      [`${how.broken}: ${sentence}`, line("because", because), ...how.lines].join("\n"),
      particulars,
    );
  }

  async function observed<T>(probe: Probe<T>): Promise<Observed & { seen?: T }> {
    const at = Date.now();
    const began = performance.now();
    const limit = new AbortController();
    const allowed = waitAtPace(pace, probe.takes ?? look).within;
    const timer = setTimeout(() => limit.abort(`the probe gave no answer within ${allowed}`), ms(allowed));
    const given = AbortSignal.any([signal, limit.signal]);
    const facts = () => ({ kind: "observed", at, probe: probe.of, ms: Math.round(performance.now() - began) }) as const;
    try {
      if (signal.aborted) throw signal.reason;
      const seen = await Promise.race([probe.look(given), rejectedBy(given)]);
      return seen === undefined ? facts() : { ...facts(), seen: JSON.parse(JSON.stringify(seen)) };
    } catch (error) {
      const because = signal.aborted ? `interrupted: ${textOf(signal.reason)}` : textOf(error);
      return { ...facts(), unseen: because };
    } finally {
      clearTimeout(timer);
      limit.abort("the look is over");
    }
  }

  /** One claim under judgement: its looks, as they are written. */
  function begin<T>(mode: Judged["mode"], probe: Probe<T>, check: Check<T>) {
    const judgement = ++judgements;
    const claim: Claim = { mode, of: probe.of, check: check as Check<unknown>, since: Date.now(), judgement };
    const began = performance.now();
    const sightings: Observed[] = [];
    let repeated: Observed | undefined;
    let looks = 0;
    let blind = 0;
    let lookMs = 0;
    let lookBegan = 0;
    let longestGapMs = 0;

    const elapsed = () => performance.now() - began;
    const keep = (sighting: Observed) => {
      sightings.push(sighting);
      journal.write({ ...sighting, judgement });
    };
    const endStreak = () => {
      if (repeated) keep(repeated);
      repeated = undefined;
    };

    return {
      elapsed,
      get looks() {
        return looks;
      },
      get lookMs() {
        return lookMs;
      },
      get lookBegan() {
        return lookBegan;
      },
      get longestGapMs() {
        return longestGapMs;
      },

      /** Throws unless an absence has had its presence. */
      demandPresence() {
        if (check.absenceOf === undefined || wasPresent(claim.check, sightingsOf(readJournal(folder), probe.of)))
          return;
        const verdict = { is: "unseen", because: neverPresent } as const;
        write(claim, verdict);
        const wanted = line("wanted", `an earlier look in which ${probe.of} ${check.absenceOf.claim}`);
        throw refuse(claim, verdict, { violated: "", broken: "cannot be judged", lines: [wanted] });
      },

      async look() {
        const start = elapsed();
        if (looks > 0) longestGapMs = Math.max(longestGapMs, start - lookBegan);
        lookBegan = start;
        const sighting = await observed(probe);
        lookMs = elapsed() - start;
        looks += 1;
        if (sighting.unseen !== undefined) blind += 1;
        const last = repeated ?? sightings.at(-1);
        if (last && same(last, sighting)) {
          repeated = { ...sighting, times: (repeated?.times ?? 0) + 1 };
        } else {
          endStreak();
          keep(sighting);
        }
        return { sighting, verdict: verdictOn(claim.check, sighting) };
      },

      /** Waits before the next look, and not less: a timer may fire a moment early. Returns early when the run is interrupted. */
      async pause(forMs: number) {
        const until = performance.now() + forMs;
        for (let left = forMs; left > 0 && !signal.aborted; left = until - performance.now())
          await sleep(Math.ceil(left), undefined, { signal }).catch(() => {});
      },

      /** Writes the verdict over all looks, and throws unless it is `met`. */
      conclude(violated: string, lines: readonly string[] = []): void {
        endStreak();
        const verdict = verdictOver(mode, claim.check, sightings);
        write(claim, verdict);
        if (verdict.is === "met") return;
        const last = sightings.at(-1);
        const whole = verdict.is !== "unseen" && last?.seen !== undefined && !same({ seen: verdict.actual }, last);
        const lastSeen = sightings.findLast((sighting) => sighting.unseen === undefined);
        throw refuse(claim, verdict, {
          violated: verdict.is === "hopeless" ? "not so, and cannot come any more" : violated,
          broken: signal.aborted ? "interrupted while judging" : "cannot be judged",
          lines: [
            ...(looks > 1 ? [line("looked", `${looks} times${blind ? `, of which ${blind} could not see` : ""}`)] : []),
            ...(verdict.is === "unseen" && lastSeen ? [line("before", shown(lastSeen.seen, 1000))] : []),
            ...lines,
          ],
          particulars: {
            ...(looks > 1 ? { waitedMs: elapsed() } : {}),
            ...(whole ? { seen: shown(last.seen, 1000) } : {}),
          },
        });
      },
    };
  }

  async function reaches<T>(probe: Probe<T>, check: Check<T>, usual: Wait): Promise<Reached<T>> {
    const wait = waitAtPace(pace, usual);
    const allowed = Math.min(ms(wait.within), patience === undefined ? Number.POSITIVE_INFINITY : ms(patience));
    const it = begin("reaches", probe, check);
    it.demandPresence();
    for (let interval = 50; ; interval = Math.min(interval * 1.5, 500)) {
      const { sighting, verdict } = await it.look();
      const afterMs = it.elapsed();
      if (verdict.is === "met" || verdict.is === "hopeless" || afterMs >= allowed || signal.aborted) {
        it.conclude(`not so within ${wait.within}`, [
          line("allowed", `${readable(allowed)} as ${wait.name}: ${wait.because}`),
        ]);
        return { seen: sighting.seen as T, afterMs: Math.round(afterMs), at: sighting.at };
      }
      // A slow probe looks half of the time at most.
      await it.pause(Math.min(Math.max(interval, Math.min(it.lookMs, 500)), allowed - afterMs));
    }
  }

  async function lookOnce<T>(mode: "once" | "always", probe: Probe<T>, check: Check<T>, violated: string): Promise<T> {
    const it = begin(mode, probe, check);
    it.demandPresence();
    const { sighting } = await it.look();
    it.conclude(violated);
    return sighting.seen as T;
  }

  return {
    reaches,

    vanishes: (probe, present, wait) => reaches(probe, not(present), wait),

    async holds(probe, check, watch) {
      const span = ms(watch.for);
      const every = watch.every ? ms(watch.every) : Math.min(Math.max(span / 20, 50), 1000);
      if (every <= 0 || every > span) {
        throw new Misdeclared(`the watch over ${probe.of}`, [`it looks every ${readable(every)} for ${watch.for}`]);
      }
      const it = begin("holds", probe, check);
      it.demandPresence();
      for (;;) {
        const { verdict } = await it.look();
        const now = it.elapsed();
        if (verdict.is !== "met" || now >= span || signal.aborted) {
          const moment = `${readable(it.lookBegan)} into ${watch.for}, at ${new Date(Date.now() - (now - it.lookBegan)).toISOString()}`;
          it.conclude(it.looks > 1 ? `not so any more ${moment}` : "not so at the first look");
          return { looks: it.looks, longestGapMs: Math.round(it.longestGapMs) };
        }
        await it.pause(Math.min((Math.floor(now / every) + 1) * every, span) - now);
      }
    },

    once: (probe, check) => lookOnce("once", probe, check, "not so"),
    always: (probe, check) => lookOnce("always", probe, check, "not always so"),
  };
}

interface Claim {
  readonly mode: Judged["mode"];
  readonly of: string;
  readonly check: Check<unknown>;
  readonly since: number;
  readonly judgement: number;
}

interface Wording {
  /** How a sentence begins that says that the claim is false. */
  readonly violated: string;
  /** How a sentence begins that says that the claim could not be judged. */
  readonly broken: string;
  readonly lines: readonly string[];
  readonly particulars?: Particulars;
}

const line = (name: string, text: string): string =>
  `  ${(name ? `${name}:` : "").padEnd(10)}${text.replaceAll("\n", `\n${" ".repeat(12)}`)}`;

/** A verdict may tell what it expected in words, or show a table. */
const said = (value: unknown): string => (typeof value === "string" && /^\S.*\S$/s.test(value) ? value : shown(value));

const same = (a: Partial<Observed>, b: Partial<Observed>): boolean =>
  JSON.stringify([a.seen, a.unseen]) === JSON.stringify([b.seen, b.unseen]);

const sightingsOf = (entries: readonly Evidence[], probe: string): Observed[] =>
  entries.filter((entry) => entry.kind === "observed").filter((entry) => entry.probe === probe);

const textOf = (error: unknown): string => reasonOf(error) || "no reason given";

const rejectedBy = (signal: AbortSignal): Promise<never> =>
  new Promise((_, reject) => signal.addEventListener("abort", () => reject(signal.reason), { once: true }));
