import { LabBroken } from "../model/errors.ts";
import { listRuns, type RunRecord, type RunState } from "../run/registry.ts";

export type ListedRun = RunRecord & { readonly state: RunState };

/**
 * The run that a command is about: the one whose id begins or ends with `wanted`, else the only one
 * that is kept, else the only one that is up. Throws `LabBroken` when there is none, or more than one to choose from.
 */
export function chooseRun(wanted: string | undefined, runs: readonly ListedRun[] = listRuns()): ListedRun {
  const kept = runs.filter(({ state }) => state === "kept");
  const up = kept.length > 0 ? kept : runs.filter(({ state }) => state === "up");
  const candidates =
    wanted === undefined ? up : runs.filter(({ id }) => id === wanted || id.startsWith(wanted) || id.endsWith(wanted));
  const [only, ...others] = candidates;
  if (only && others.length === 0) return only;
  const problem = only ? "several labs are up" : "no lab is up";
  throw new LabBroken(
    wanted === undefined ? problem : `${only ? "several runs match" : "no run matches"} "${wanted}"`,
    {
      ...(candidates.length > 0 && { seen: candidates.map(({ id, state }) => `${id} (${state})`).join("\n") }),
      look: only
        ? "say which: `hardway down <run>`, for other commands `--run <run>` before the machine"
        : wanted === undefined
          ? "npx hardway up <scenario>"
          : "npx hardway status",
    },
  );
}
