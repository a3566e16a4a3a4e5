import type { StepTaken, UpgradeReport } from "#harness/model/upgrade";

/** A step by which paths are aligned. */
export interface Step {
  readonly hop: number;
  readonly name: string;
}

/** What a step is called on every path. Where one hop has several of a name, their machines tell them apart. */
export function nameOf({ steps }: UpgradeReport, { hop, name, on }: StepTaken): string {
  const namesakes = steps.filter((other) => other.hop === hop && other.name === name);
  return namesakes.length > 1 ? `${name} on ${on.join(", ")}` : name;
}

/** The same step of a run: all that it took of it, none where the run has no such step. */
export const stepsOf = (run: UpgradeReport, { hop, name }: Step): StepTaken[] =>
  run.steps.filter((step) => step.hop === hop && nameOf(run, step) === name);

/**
 * Every step of every run once, hop by hop: none before one that every run which has both begins earlier. What that
 * leaves open is ordered by where in its hop a step begins on the average, where hops were done.
 */
export function stepsInOrder(runs: readonly UpgradeReport[]): Step[] {
  const taken = runs.flatMap((run, nth) =>
    run.steps.map((step) => ({
      nth,
      hop: step.hop,
      name: nameOf(run, step),
      from: step.from,
      whole: run.hops[step.hop]?.ended === "done",
      place: placeOf(run, step),
    })),
  );
  const mean = (places: readonly number[]) => places.reduce((sum, place) => sum + place, 0) / places.length;
  const steps = [...Map.groupBy(taken, ({ hop, name }) => `${hop} ${name}`).values()]
    .flatMap((all) => {
      const whole = all.filter((one) => one.whole);
      const places = whole.length > 0 ? whole : all;
      return all[0]
        ? [{ hop: all[0].hop, name: all[0].name, places, place: mean(places.map(({ place }) => place)) }]
        : [];
    })
    .sort((a, b) => a.hop - b.hop || a.place - b.place);
  type Placed = (typeof steps)[number];
  const earlier = (one: Placed, other: Placed) => {
    const both = one.places.flatMap((a) => other.places.filter((b) => b.nth === a.nth).map((b) => a.from < b.from));
    return one.hop === other.hop && both.length > 0 && both.every(Boolean);
  };
  const ordered: Step[] = [];
  while (steps.length > 0) {
    const next = steps.findIndex((step) => !steps.some((other) => earlier(other, step)));
    const [{ hop, name }] = steps.splice(Math.max(0, next), 1) as [Placed];
    ordered.push({ hop, name });
  }
  return ordered;
}

/** Where in its hop a step begins: 0 at the beginning, 1 at the end. */
function placeOf({ hops }: UpgradeReport, { hop, from }: StepTaken): number {
  const span = hops[hop];
  return span ? (from - span.from) / Math.max(1, span.ms) : 0;
}
