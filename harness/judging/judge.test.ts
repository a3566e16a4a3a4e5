import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { openJournal, readJournal } from "../evidence/journal.ts";
import { rejudge } from "../evidence/rejudge.ts";
import type { Judged, Observed } from "../model/evidence.ts";
import type { Check, Probe, Wait } from "../model/judging.ts";
import { atLeast, defineCheck, hasAny, hasExactly, hopeless, includes, met, not, unmet } from "./checks.ts";
import { type Judge, judge } from "./judge.ts";

let folder: string;
let run: AbortController;
let judging: Judge;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "hardway-judge-"));
  run = new AbortController();
  judging = judgeWithin("200ms");
});

/** Whatever was judged is judged the same from the journal alone. */
afterEach(() => {
  const differing = rejudge(folder).filter(({ was, now }) => was !== now);
  rmSync(folder, { recursive: true });
  expect(differing).toEqual([]);
});

function judgeWithin(look: Wait["within"]): Judge {
  const journal = openJournal(folder);
  const wait = { name: "oneLook", within: look, because: "these probes answer at once" };
  return judge({ journal, folder, test: "the claim", signal: run.signal, look: wait });
}

const short: Wait = { name: "bgpUpdate", within: "120ms", because: "an UPDATE follows the change at once" };

/** Shows each value in turn, the last one for ever. An error is thrown, a function called. */
function probe<T>(...values: (T | Error | ((signal: AbortSignal) => Promise<T>))[]): Probe<T> & { looks: number } {
  return {
    of: "kernel route 172.17.254.1/32 on rt-01",
    looks: 0,
    async look(signal) {
      const value = values[Math.min(this.looks++, values.length - 1)];
      if (value instanceof Error) throw value;
      return typeof value === "function" ? (value as (signal: AbortSignal) => Promise<T>)(signal) : (value as T);
    },
  };
}

const observed = () => readJournal(folder).filter((entry): entry is Observed => entry.kind === "observed");
const judged = () => readJournal(folder).filter((entry): entry is Judged => entry.kind === "judged");

async function refusal(work: Promise<unknown>): Promise<Error> {
  return work.then(
    () => expect.fail("it should have thrown"),
    (error) => error,
  );
}

/** The message without what changes from run to run. */
const steady = ({ name, message }: Error): string =>
  `${name}: ${message}\n`
    .replaceAll(/\d{4}-\d\d-\d\dT[\d:.]+Z/g, "<time>")
    .replaceAll(/\d+(\.\d+)?(ms|s) into/g, "<moment> into")
    .replaceAll(/looked: {3}\d+ times/g, "looked:   <n> times")
    .replaceAll(/of which \d+ could/g, "of which <n> could")
    .replaceAll(/waited: {3}\d+\.\d s/g, "waited:   <t> s")
    .replaceAll(/\S*hardway-judge-\w+/g, "reports/runs/<run>");

const golden = (error: Error, name: string) => expect(steady(error)).toMatchFileSnapshot(`testdata/${name}.txt`);

const a = "172.17.0.21";
const b = "172.17.0.22";
const c = "172.17.0.23";

const isRunning = defineCheck("isRunning", () => ({
  claim: "is running",
  judge: (seen: { phase: string }) =>
    seen.phase === "Running" ? met : (seen.phase === "Failed" ? hopeless : unmet)("Running", seen.phase),
}));

const isThere = defineCheck("isThere", () => ({
  claim: "is there",
  judge: (seen: string | undefined) => (seen === undefined ? unmet("it is there", seen) : met),
}));

const hasState = defineCheck("hasState", (state: string, holdTime: number) => ({
  claim: `is ${state} with a hold time of ${holdTime} s`,
  judge: (seen: { state: string; holdTime: number; peer: string }) => {
    const { peer, ...rest } = seen;
    return rest.state === state && rest.holdTime === holdTime ? met : unmet({ state, holdTime }, rest);
  },
}));

test("reaches looks at once", async () => {
  const it = probe([a]);
  const { seen, afterMs, at } = await judging.reaches(it, hasAny(), short);
  expect(seen).toEqual([a]);
  expect(it.looks).toBe(1);
  expect(afterMs).toBeLessThan(1000);
  expect(Date.now() - at).toBeLessThan(1000);
  expect(judged()).toMatchObject([
    { test: "the claim", mode: "reaches", claim: "has any", verdict: { is: "met" }, outcome: "conforms" },
  ]);
});

test("whatever a look began is told when the look is over", async () => {
  let given: AbortSignal | undefined;
  const it = probe<string[]>(async (signal) => {
    given = signal;
    return [a];
  });
  await judging.once(it, hasAny());
  expect(given).toMatchObject({ aborted: true, reason: "the look is over" });
});

test("reaches waits until it is so, and tells how long that took", async () => {
  const { afterMs } = await judging.reaches(probe<string[]>([], [a], [a, b]), hasExactly(b, a), {
    ...short,
    within: "10s",
  });
  expect(afterMs).toBeGreaterThanOrEqual(50 + 75 - 5);
  expect(afterMs).toBeLessThan(2000);
});

test("reaches tells what is missing when it is not so in time", async () => {
  const error = await refusal(judging.reaches(probe([a, "172.17.0.9"]), hasExactly(a, b, c), short));
  expect(error).toMatchObject({ name: "ClaimViolated", expected: [a, b, c], actual: [a, "172.17.0.9"] });
  expect(judged()).toMatchObject([{ verdict: { is: "unmet" }, outcome: "violates" }]);
  await golden(error, "reaches-unmet");
});

test("reaches tells which fields differ, and all that was seen", async () => {
  const seen = { state: "active", holdTime: 90, peer: a };
  await golden(await refusal(judging.reaches(probe(seen), hasState("established", 9), short)), "reaches-fields");
});

test("reaches looks a last time when the wait is over, and not after it", async () => {
  const began = performance.now();
  const it = probe<number[]>(async () => [performance.now() - began]);
  await refusal(judging.reaches(it, hasExactly(-1), { ...short, within: "1600ms" }));
  const [last = 0] = (observed().at(-1)?.seen ?? []) as number[];
  expect(last).toBeGreaterThan(1590);
  // By its intervals alone it would look at 1539 and 2039 ms; the distance is a busy computer's.
  expect(last).toBeLessThan(2000);
  expect(it.looks).toBeLessThanOrEqual(9);
});

test("of a short wait there are two looks, the second not a moment early", async () => {
  const looks: number[] = [];
  for (let round = 0; round < 50; round++) {
    const it = probe<string[]>([a]);
    await refusal(judging.reaches(it, hasExactly(b), { ...short, within: "10ms" }));
    looks.push(it.looks);
  }
  expect(new Set(looks)).toEqual(new Set([2]));
});

test("what cannot come any more is told at once", async () => {
  const began = performance.now();
  const pod = probe({ phase: "Pending" }, { phase: "Failed" });
  const error = await refusal(judging.reaches(pod, isRunning(), { ...short, within: "10s" }));
  expect(performance.now() - began).toBeLessThan(2000);
  await golden(error, "reaches-hopeless");
});

test("a probe that fails while waiting is asked again", async () => {
  const it = probe<string[]>(new Error("connection refused"), [a]);
  await judging.reaches(it, hasAny(), short);
  expect(observed()).toMatchObject([{ unseen: "connection refused" }, { seen: [a] }]);
});

test("a probe that never could look is a broken lab", async () => {
  const error = await refusal(judging.reaches(probe<string[]>(new Error("vtysh: not found")), hasAny(), short));
  expect(error.name).toBe("LabBroken");
  expect(judged()).toMatchObject([{ verdict: { is: "unseen" }, outcome: "broken" }]);
  await golden(error, "reaches-unseen");
});

test("a probe that is blind at the end leaves the claim open", async () => {
  const twoLooks: Wait = { ...short, within: "500ms" };
  const error = await refusal(judging.reaches(probe<string[]>([], new Error("EOF")), hasAny(), twoLooks));
  expect(error.name).toBe("LabBroken");
  await golden(error, "reaches-blind-at-the-end");
});

test("a probe that does not answer is given up, and told to stop", async () => {
  let told = false;
  const stuck = probe<string[]>((signal) => new Promise(() => signal.addEventListener("abort", () => (told = true))));
  const error = await refusal(judgeWithin("30ms").once(stuck, hasAny()));
  expect(told).toBe(true);
  await golden(error, "once-no-answer");
});

test("a check that cannot judge what was seen is a broken lab", async () => {
  const error = await refusal(judging.once(probe<unknown>(null), hasAny() as Check<unknown>));
  expect(error.name).toBe("LabBroken");
  await golden(error, "once-check-throws");
});

test("what JSON cannot hold is not seen", async () => {
  const error = await refusal(judging.once(probe<unknown>({ bytes: 1n }), hasAny() as Check<unknown>));
  expect(error).toMatchObject({ name: "LabBroken", message: expect.stringContaining("BigInt") });
});

test("nothing there is something seen", async () => {
  const error = await refusal(judging.once(probe<string | undefined>(undefined), isThere()));
  expect(error).toMatchObject({ name: "ClaimViolated", actual: undefined });
  expect(observed()[0]).not.toHaveProperty("seen");
});

test("once tells what was seen", async () => {
  expect(await judging.once(probe(3), atLeast(3))).toBe(3);
  await golden(await refusal(judging.once(probe(2), atLeast(3))), "once-unmet");
});

test("always looks once at what was seen all the time", async () => {
  expect(await judging.always(probe([a]), includes(a))).toEqual([a]);
  const error = await refusal(judging.always(probe([a]), includes(b)));
  expect(judged().map(({ mode, outcome }) => [mode, outcome])).toEqual([
    ["always", "conforms"],
    ["always", "violates"],
  ]);
  await golden(error, "always-unmet");
});

test("holds watches from the beginning to the end", async () => {
  const it = probe([a]);
  const began = performance.now();
  const { looks, longestGapMs } = await judging.holds(it, hasAny(), { for: "200ms", every: "20ms" });
  expect(performance.now() - began).toBeGreaterThanOrEqual(195);
  expect(looks).toBe(it.looks);
  expect(looks).toBeGreaterThan(3);
  expect(longestGapMs).toBeGreaterThanOrEqual(15);
});

test("holds tells the moment at which it is not so any more", async () => {
  const it = probe([a], [a], [], [a]);
  const error = await refusal(judging.holds(it, hasAny(), { for: "10s", every: "10ms" }));
  expect(it.looks).toBe(3);
  expect(error.name).toBe("ClaimViolated");
  await golden(error, "holds-unmet");
});

test("holds tells when it never was so", async () => {
  await golden(await refusal(judging.holds(probe<string[]>([]), hasAny(), { for: "10s" })), "holds-never");
});

test("holds with one blind look is a broken lab", async () => {
  const it = probe<string[]>([a], [a], new Error("exec: no such container"), [a]);
  const error = await refusal(judging.holds(it, hasAny(), { for: "10s", every: "10ms" }));
  expect(error.name).toBe("LabBroken");
  await golden(error, "holds-unseen");
});

test("holds must have looked twice", async () => {
  const slow = probe(async () => new Promise<string[]>((done) => setTimeout(done, 80, [a])));
  const error = await refusal(judging.holds(slow, hasAny(), { for: "40ms", every: "20ms" }));
  expect(error).toMatchObject({ name: "LabBroken", message: expect.stringContaining("only once") });
});

test.each(["11s", "0ms"] as const)("holds that looks every %s in 10 s is misdeclared", async (every) => {
  const error = await refusal(judging.holds(probe([a]), hasAny(), { for: "10s", every }));
  expect(error.name).toBe("Misdeclared");
});

test("an absence is claimed only after a presence", async () => {
  const route = probe<string[]>([], [a], []);
  const error = await refusal(judging.vanishes(route, includes(a), short));
  expect(error.name).toBe("LabBroken");
  expect(route.looks).toBe(0);
  await golden(error, "absence-without-presence");

  await judging.reaches(route, includes(a), short);
  await judging.vanishes(route, includes(a), short);
  await judging.holds(route, not(includes(a)), { for: "20ms", every: "10ms" });
  expect((await refusal(judging.once(route, not(includes(b))))).name).toBe("LabBroken");
  expect(judged().map(({ outcome }) => outcome)).toEqual(["broken", "conforms", "conforms", "conforms", "broken"]);
});

test("what was seen in the millisecond in which a claim begins is not taken for its own", async () => {
  using _still = vi.spyOn(Date, "now").mockReturnValue(1_795_201_467_046);
  const route = probe<string[]>([a], []);
  await judging.once(route, includes(a));
  await judging.holds(route, not(includes(a)), { for: "20ms", every: "10ms" });
  expect(judged().map(({ outcome }) => outcome)).toEqual(["conforms", "conforms"]);
});

test("claims that look at the same thing at once are each judged by their own looks", async () => {
  const watch = { for: "30ms", every: "10ms" } as const;
  await Promise.all([judging.holds(probe([a]), includes(a), watch), judging.holds(probe([b]), includes(b), watch)]);
  expect(judged().map(({ outcome }) => outcome)).toEqual(["conforms", "conforms"]);
});

test("what does not vanish is told", async () => {
  const route = probe([a, b]);
  await judging.once(route, includes(a));
  await golden(await refusal(judging.vanishes(route, includes(a), short)), "vanishes-unmet");
});

test("an interrupted wait ends at once, and accuses nobody", async () => {
  const began = performance.now();
  const waiting = refusal(judging.reaches(probe<string[]>([]), hasAny(), { ...short, within: "10s" }));
  setTimeout(() => run.abort("SIGINT"), 80);
  const error = await waiting;
  expect(performance.now() - began).toBeLessThan(2000);
  expect(error.name).toBe("LabBroken");
  await golden(error, "interrupted");
  const it = probe([a]);
  expect((await refusal(judging.once(it, hasAny()))).name).toBe("LabBroken");
  expect(it.looks).toBe(0);
});

test("an interrupted watch does not wait for its next look", async () => {
  const began = performance.now();
  setTimeout(() => run.abort("SIGINT"), 30);
  const error = await refusal(judging.holds(probe([a]), hasAny(), { for: "10s", every: "4s" }));
  expect(performance.now() - began).toBeLessThan(2000);
  expect(error.name).toBe("LabBroken");
});

test("equal sightings in a row are written at the first and at the last, with how many", async () => {
  const it = probe<string[]>([], [], [], [], [a], [a, b]);
  await judging.reaches(it, hasExactly(a, b), { ...short, within: "10s" });
  expect(observed().map(({ seen, times }) => [seen, times])).toEqual([
    [[], undefined],
    [[], 3],
    [[a], undefined],
    [[a, b], undefined],
  ]);
  const [first, last] = observed();
  expect((last?.at ?? 0) - (first?.at ?? 0)).toBeGreaterThan(100);
});

test("each sighting is in the journal before the next look", async () => {
  const counts: number[] = [];
  const it = probe(async () => [counts.push(observed().length)]);
  await judging.reaches(it, hasExactly(3), { ...short, within: "10s" });
  expect(counts).toEqual([0, 1, 2]);
});

test("a probe that says how long it takes has that long for a look", async () => {
  const slow = {
    of: "audit of all machines",
    look: () => new Promise<number[]>((resolve) => setTimeout(() => resolve([1]), 300)),
  };
  const impatient = judgeWithin("50ms");
  await expect(impatient.once(slow, hasAny())).rejects.toThrow(/no answer within 50ms/);
  const takes = { name: "pkiAudit", within: "20s", because: "it reads every file" } as const;
  await expect(impatient.once({ ...slow, takes }, hasAny())).resolves.toEqual([1]);
});
