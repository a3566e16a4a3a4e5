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

/** Every step of every run once, hop by hop, in the order in which they are begun on the average, where hops were done. */
export function stepsInOrder(runs: readonly UpgradeReport[]): Step[] {
  const taken = runs.flatMap((run) =>
    run.steps.map((step) => ({
      hop: step.hop,
      name: nameOf(run, step),
      whole: run.hops[step.hop]?.ended === "done",
      place: placeOf(run, step),
    })),
  );
  const mean = (places: readonly number[]) => places.reduce((sum, place) => sum + place, 0) / places.length;
  return [...Map.groupBy(taken, ({ hop, name }) => `${hop} ${name}`).values()]
    .flatMap((all) => {
      const whole = all.filter((one) => one.whole);
      const place = mean((whole.length > 0 ? whole : all).map((one) => one.place));
      return all[0] ? [{ ...all[0], place }] : [];
    })
    .sort((a, b) => a.hop - b.hop || a.place - b.place)
    .map(({ hop, name }) => ({ hop, name }));
}

/** Where in its hop a step begins: 0 at the beginning, 1 at the end. */
function placeOf({ hops }: UpgradeReport, { hop, from }: StepTaken): number {
  const span = hops[hop];
  return span ? (from - span.from) / Math.max(1, span.ms) : 0;
}
