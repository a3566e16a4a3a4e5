import { screenProgress } from "../host/progress.ts";
import { containerBackend } from "../machines/container/backend.ts";
import { folderOf } from "../machines/ssh/loan.ts";
import { LabBroken, reasonOf } from "../model/errors.ts";
import { lowerLab } from "../run/attach.ts";
import { listRuns } from "../run/registry.ts";
import { sweepScratch } from "../run/scratch.ts";
import { exitCodes } from "./exit.ts";
import { chooseRun, type ListedRun } from "./labs.ts";
import { print, since, table } from "./print.ts";

/** Prints the labs that are up; with `leftovers` all that the engine holds of any run, and machines that are not given back. */
export async function status({ leftovers = false }: { readonly leftovers?: boolean }): Promise<number> {
  if (leftovers) {
    const borrowed = borrowedMachines();
    if (borrowed.length > 0) print(borrowed.join("\n"));
    const lines = await containerBackend().leftovers();
    if (lines.length > 0) print(lines.join("\n"));
    const none = borrowed.length + lines.length === 0;
    if (none) print("nothing is left over");
    return none ? exitCodes.conforms : exitCodes.violates;
  }
  const runs = listRuns();
  if (runs.length === 0) print("no lab is up");
  else
    print(
      table(
        ["run", "scenario", "state", "since", "folder"],
        runs.map((run) => [run.id, run.scenario, run.state, since(run.since), run.folder]),
      ),
    );
  return exitCodes.conforms;
}

/** Machines that exist without a lab and are not given back yet, one line each. */
const borrowedMachines = (): string[] =>
  listRuns().flatMap(({ id, state, folder, borrowed }) =>
    (borrowed?.topology.nodes ?? []).map(({ name }) => `machine ${name}: of run ${id} (${state}, ${folder})`),
  );

/**
 * Takes one lab down, or all that are kept together with what dead runs left. A lab that a live process uses goes only by
 * name; one that cannot be taken down does not keep the others up. `forget`: also without machines that existed before it
 * and cannot be reached any more. Throws what went wrong first.
 */
export async function down(
  wanted: string | undefined,
  { all = false, forget = false }: { readonly all?: boolean; readonly forget?: boolean },
): Promise<number> {
  const progress = screenProgress();
  const left: string[] = [];
  const failures: unknown[] = [];
  const runs = all
    ? listRuns().filter(({ state, borrowed }) => state === "kept" || (borrowed && state === "dead"))
    : [wanted === undefined ? notInUse(chooseRun(wanted)) : chooseRun(wanted)];
  for (const { id } of runs) {
    const line = progress.begin("take down", id);
    try {
      const { removed, otherwise, lost } = await lowerLab(id, { forget });
      const changed = lost.length + otherwise.length > 0;
      line.done(changed ? "its machines are not all as they were" : `${removed} things removed`);
      left.push(...otherwise, ...lost, ...(lost.length > 0 ? [forgotten(id)] : []));
    } catch (error) {
      line.failed(reasonOf(error));
      failures.push(error);
    }
  }
  if (left.length > 0) print(left.join("\n"));
  if (all) {
    try {
      const swept = [...(await containerBackend().sweep()), ...sweepScratch()];
      if (swept.length > 0) print(swept.join("\n"));
      if (runs.length + swept.length === 0) print("no lab is kept, and nothing is left over");
    } catch (error) {
      failures.push(error);
    }
  }
  if (failures.length > 0) throw failures[0];
  return left.length > 0 ? exitCodes.violates : exitCodes.conforms;
}

/** Throws `LabBroken` where a test, or another command, has the lab. */
function notInUse(run: ListedRun): ListedRun {
  if (run.state !== "up") return run;
  throw new LabBroken("a process that runs uses this lab, and takes it down itself", {
    who: run.id,
    look: `npx hardway down ${run.id}, if it is to go all the same`,
  });
}

/** What is still so on machines that were given up. */
const forgotten = (id: string): string =>
  [
    "The run is forgotten here. What the lab did to these machines is still on them: programs, files and settings, and in",
    `${folderOf(id)} what they were before.`,
    "One that comes back is given back by the next `hardway up` with its inventory.",
  ].join("\n");
