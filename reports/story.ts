import { readJournal } from "#harness/evidence/journal";
import { isFor } from "#harness/evidence/rejudge";
import { LabBroken } from "#harness/model/errors";
import type {
  Attached,
  Evidence,
  FaultPhase,
  Judged,
  Measured,
  Observed,
  RunEnded,
  RunFacts,
  RunStarted,
  StepDone,
} from "#harness/model/evidence";
import type { Outcome } from "#harness/model/judging";

/** What `run-started` tells of a run. */
export type Facts = Partial<RunFacts>;

/** A journal that was not written to its end has parts that are unfinished: the run was killed, or goes on. */
export type Ending = Outcome | "unfinished";

/** A claim, or the boot, with everything that the journal has of it. */
export interface Chapter {
  readonly name: string;
  readonly outcome: Ending;
  readonly because?: string;
  /** Milliseconds of the epoch. */
  readonly from: number;
  readonly to: number;
  readonly judged: readonly Judgement[];
  readonly measured: readonly Measured[];
  readonly attached: readonly Attached[];
}

export interface Judgement extends Judged {
  /** How often the probe looked, and the last thing that it saw. */
  readonly looks: number;
  readonly last?: Observed;
}

export interface FaultSpan {
  readonly fault: string;
  readonly inflicted: number;
  readonly bitten?: number;
  readonly healed?: number;
}

/** A run as a reader wants it told. */
export interface Story {
  readonly folder: string;
  readonly started: RunStarted;
  readonly facts: Facts;
  readonly outcome: Ending;
  readonly ended?: RunEnded;
  /** From raising machines to a ready cluster. */
  readonly steps: readonly StepDone[];
  /** What was undone after the run's end. */
  readonly undone: readonly StepDone[];
  /** Verdicts before the first claim: that the machines, the API and the add-ons are ready. */
  readonly boot: Chapter;
  readonly claims: readonly Chapter[];
  readonly faults: readonly FaultSpan[];
  readonly attached: readonly Attached[];
  /** When it ended, or the time of the last entry. */
  readonly to: number;
}

/** The name under which the harness judges readiness, before there is a claim. */
const boot = "boot";
/** How the harness names the steps of its clean-up. */
const undo = "undo: ";

/** Reads a run's folder. Throws `LabBroken` when there is no journal that can be read. */
export function readStory(folder: string): Story {
  return tellStory(folder, readJournal(folder));
}

/** Throws `LabBroken` when the entries do not tell which run they are of. */
export function tellStory(folder: string, entries: readonly Evidence[]): Story {
  const started = entries.find((entry) => entry.kind === "run-started");
  if (!started) throw new LabBroken("its journal does not say which run it is of", { who: folder });
  const ended = entries.findLast((entry) => entry.kind === "run-ended");
  const allSteps = entries.filter((entry) => entry.kind === "step-done");
  const undone = allSteps.filter(({ step }) => step.startsWith(undo));
  const to =
    ended?.at ?? Math.max(...entries.filter((entry) => !undone.includes(entry as StepDone)).map(({ at }) => at));
  const ofClaims = entries.filter((entry) => "test" in entry && entry.test !== boot) as (Evidence & { test: string })[];
  const names = new Set(ofClaims.map(({ test }) => test));
  const firstClaim = ofClaims[0]?.at ?? Number.POSITIVE_INFINITY;
  const steps = allSteps.filter((step) => step.at <= firstClaim && !undone.includes(step));
  const bootTo = Math.max(started.at, ...steps.map(({ at }) => at), ...ofTest(entries, boot).map(({ at }) => at));

  let from = bootTo;
  const claims = [...names].map((name) => {
    const chapter = chapterOf(name, entries, from, to);
    from = chapter.to;
    return chapter;
  });
  const bootJudged = judgements(entries, boot);
  const bootOutcome = bootJudged.find(({ outcome }) => outcome !== "conforms")?.outcome;
  return {
    folder,
    started,
    facts: started.facts as Facts,
    outcome: ended?.outcome ?? "unfinished",
    ...(ended && { ended }),
    steps,
    undone,
    boot: {
      name: boot,
      outcome: bootOutcome ?? (names.size > 0 ? "conforms" : (ended?.outcome ?? "unfinished")),
      from: started.at,
      to: bootTo,
      judged: bootJudged,
      measured: [],
      attached: [],
    },
    claims,
    faults: faultSpans(entries.filter((entry) => entry.kind === "fault-phase")),
    attached: distinct(entries.filter((entry) => entry.kind === "attached")),
    to,
  };
}

/** A claim lasts from the end of the one before it to its own end; what happened meanwhile is its own. */
function chapterOf(name: string, entries: readonly Evidence[], from: number, latest: number): Chapter {
  const end = entries.find((entry) => entry.kind === "claim-ended" && entry.test === name);
  const to = end?.at ?? latest;
  const attached = entries.filter((entry) => entry.kind === "attached" && entry.at > from && entry.at <= to);
  return {
    name,
    outcome: end?.kind === "claim-ended" ? end.outcome : "unfinished",
    ...(end?.kind === "claim-ended" && end.because !== undefined && { because: end.because }),
    from,
    to,
    judged: judgements(entries, name),
    measured: entries.filter((entry) => entry.kind === "measured").filter((entry) => entry.test === name),
    attached: distinct(attached.filter((entry) => entry.kind === "attached")),
  };
}

function ofTest(entries: readonly Evidence[], test: string): Evidence[] {
  return entries.filter((entry) => "test" in entry && entry.test === test);
}

function judgements(entries: readonly Evidence[], test: string): Judgement[] {
  const observed = entries.filter((entry) => entry.kind === "observed");
  return entries
    .filter((entry) => entry.kind === "judged")
    .filter((entry) => entry.test === test)
    .map((judged) => {
      const given = observed.filter((o) => o.probe === judged.probe && isFor(o, judged));
      const last = given.at(-1);
      return { ...judged, looks: given.reduce((sum, { times = 1 }) => sum + times, 0), ...(last && { last }) };
    });
}

function faultSpans(phases: readonly FaultPhase[]): FaultSpan[] {
  const spans: { -readonly [K in keyof FaultSpan]: FaultSpan[K] }[] = [];
  for (const { fault, phase, at } of phases) {
    if (phase === "inflicted") spans.push({ fault, inflicted: at });
    else {
      const open = spans.findLast((span) => span.fault === fault);
      if (open) open[phase] = at;
    }
  }
  return spans;
}

function distinct(attached: readonly Attached[]): Attached[] {
  return [...new Map(attached.map((entry) => [entry.file, entry])).values()];
}
