import {
  nameWithMachines,
  type PartTaken,
  type Span,
  type StepTaken,
  type UpgradeReport,
} from "#harness/model/upgrade";

/** A part of a step, such as a task of a playbook, among all of its run. */
export interface Part extends PartTaken {
  readonly hop: number;
  /** Those that name it, for it may have caused them. */
  readonly outages: readonly { readonly user: string; readonly ms: number }[];
}

/** Shorter parts are shown only where an outage names them: a playbook has more than a thousand. Milliseconds. */
const longMs = 5000;

/**
 * A run whose steps with parts are laid out as the groups of these: as its plays, not as its playbook. Where a play is taken on
 * some machines at a time, each time is a step of its own.
 */
export function groupsAsSteps(run: UpgradeReport): UpgradeReport {
  return { ...run, steps: run.steps.flatMap((step) => (step.parts?.length ? groupsOf(step, step.parts) : [step])) };
}

function groupsOf({ hop, error }: StepTaken, parts: readonly PartTaken[]): StepTaken[] {
  const groups: { name: string; on: string[]; parts: PartTaken[] }[] = [];
  for (const part of parts.toSorted((a, b) => a.from - b.from)) {
    const last = groups.at(-1);
    // A part that no machine had to do is of the group that it is told in.
    const same = last?.on.length === 0 || part.on.length === 0 || last?.on.some((machine) => part.on.includes(machine));
    if (last?.name === part.group && same) {
      last.parts.push(part);
      last.on = [...new Set([...last.on, ...part.on])];
    } else groups.push({ name: part.group, on: [...part.on], parts: [part] });
  }
  return groups.map((group, nth) => {
    const from = group.parts[0]?.from ?? 0;
    const until = Math.max(...group.parts.map(endOf));
    const failed = error !== undefined && nth === groups.length - 1;
    return { hop, ...group, from, ms: until - from, ...(failed && { error }) };
  });
}

const endOf = ({ from, ms }: Span): number => from + ms;

/** All parts by their names, with their machines and the outages that name them. */
export function partsOf({ steps, streams }: UpgradeReport): Part[] {
  const parts = steps.flatMap(({ hop, parts = [] }) =>
    parts.map((part) => ({ ...part, hop, name: nameWithMachines(part) })),
  );
  const byName = Map.groupBy(parts, ({ name }) => name);
  const naming = streams.flatMap(({ name: user, outages }) =>
    outages.flatMap((outage) =>
      (outage.parts ?? []).map((name) => ({
        user,
        ms: outage.ms,
        // The same task may be done several times.
        part: byName.get(name)?.findLast(({ from }) => from < endOf(outage)),
      })),
    ),
  );
  const outagesOf = Map.groupBy(naming, ({ part }) => part);
  return parts.map((part) => ({
    ...part,
    outages: (outagesOf.get(part) ?? []).map(({ user, ms }) => ({ user, ms })),
  }));
}

/** Parts that are shown: those that outages name, and those that take long. */
export const shownParts = (run: UpgradeReport): Part[] =>
  partsOf(run).filter(({ ms, outages }) => outages.length > 0 || ms >= longMs);
