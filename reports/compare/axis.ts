import type { Span, UpgradeReport } from "#harness/model/upgrade";
import { stepsInOrder, stepsOf } from "./steps.ts";

/** One axis for several runs. A millisecond is as long everywhere; where a run was quicker than another, it has a gap. */
export interface Axis {
  /** From 0 to here, in milliseconds. */
  readonly length: number;
  /** Where on the axis a moment of a run is; the moment in milliseconds since its users began. */
  at(run: number, moment: number): number;
  /** Where a span of a run is: in several pieces where gaps lie in it. */
  pieces(run: number, span: Span): readonly Stretch[];
  /** Stretches in which a run has no time, because another one takes longer there. */
  gaps(run: number): readonly Stretch[];
}

/** A part of the axis. */
export interface Stretch {
  readonly from: number;
  readonly to: number;
}

interface Anchor {
  /** In milliseconds since the run's users began. */
  readonly moment: number;
  readonly at: number;
}

/**
 * Aligns runs so that each hop and each step begins at the same place in all of them. A step that a run begins out of
 * the common order stays where its time puts it.
 */
export function alignOnSteps(runs: readonly UpgradeReport[]): Axis {
  const begins = momentsInOrder(runs);
  const anchors: Anchor[][] = runs.map(() => [{ moment: 0, at: 0 }]);
  let place = 0;
  for (const moments of begins) {
    const placed = moments.map((moment, run) => {
      const last = anchors[run]?.at(-1);
      return moment !== undefined && last && moment >= last.moment
        ? { moment, at: last.at + moment - last.moment }
        : undefined;
    });
    place = Math.max(place, ...placed.map((anchor) => anchor?.at ?? 0));
    for (const [run, anchor] of placed.entries()) {
      if (anchor) anchors[run]?.push({ moment: anchor.moment, at: place });
    }
  }
  const at = (run: number, moment: number): number => {
    const before = anchors[run]?.findLast((anchor) => anchor.moment <= moment) ?? { moment: 0, at: 0 };
    return before.at + moment - before.moment;
  };
  const gaps = (run: number): Stretch[] =>
    (anchors[run] ?? []).flatMap((anchor, index, own) => {
      const before = own[index - 1];
      const from = before ? before.at + anchor.moment - before.moment : anchor.at;
      return anchor.at > from ? [{ from, to: anchor.at }] : [];
    });
  return {
    length: Math.max(1, ...runs.map((run, index) => at(index, endOf(run)))),
    at,
    gaps,
    pieces(run, { from, ms }) {
      const [begin, end] = [at(run, from), at(run, from + ms)];
      const inside = gaps(run).filter((gap) => gap.from > begin && gap.to <= end);
      const begins = [begin, ...inside.map(({ to }) => to)];
      return begins
        .map((start, index) => ({ from: start, to: inside[index]?.from ?? end }))
        .filter(({ from, to }) => to > from || ms === 0);
    },
  };
}

export const endOf = ({ phases: { during, after } }: UpgradeReport): number =>
  Math.max(during.from + during.ms, after.from + after.ms);

/** When each hop and each step begins in every run, and when all is done, in the common order. */
function momentsInOrder(runs: readonly UpgradeReport[]): (number | undefined)[][] {
  const steps = stepsInOrder(runs);
  const hops = Math.max(0, ...runs.map((run) => run.hops.length));
  const ofHops = Array.from({ length: hops }, (_, hop) => [
    runs.map((run) => (run.hops[hop]?.ended === "skipped" ? undefined : run.hops[hop]?.from)),
    ...steps.filter((step) => step.hop === hop).map((step) => runs.map((run) => stepsOf(run, step)[0]?.from)),
  ]);
  return [...ofHops.flat(), runs.map(({ phases }) => phases.after.from)];
}
