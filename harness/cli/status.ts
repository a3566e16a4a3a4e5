import { screenProgress } from "../host/progress.ts";
import { containerBackend } from "../machines/container/backend.ts";
import { reasonOf } from "../model/errors.ts";
import { lowerLab } from "../run/attach.ts";
import { listRuns } from "../run/registry.ts";
import { exitCodes } from "./exit.ts";
import { chooseRun } from "./labs.ts";
import { print, since, table } from "./print.ts";

/** Prints the labs that are up; with `leftovers` all that the engine holds of any run, and machines that are not given back. */
export async function status({ leftovers = false }: { readonly leftovers?: boolean }): Promise<number> {
  if (leftovers) {
    const lines = [...(await containerBackend().leftovers()), ...borrowedMachines()];
    print(lines.length > 0 ? lines.join("\n") : "nothing is left over");
    return lines.length > 0 ? exitCodes.violates : exitCodes.conforms;
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

/** Takes one lab down, or all that are kept together with what dead runs left. A lab that a live process uses goes only by name. */
export async function down(wanted: string | undefined, { all = false }: { readonly all?: boolean }): Promise<number> {
  const progress = screenProgress();
  const left: string[] = [];
  const runs = all
    ? listRuns().filter(({ state, borrowed }) => state === "kept" || (borrowed && state === "dead"))
    : [chooseRun(wanted)];
  for (const { id } of runs) {
    const line = progress.begin("take down", id);
    try {
      const { removed, otherwise } = await lowerLab(id);
      line.done(otherwise.length === 0 ? `${removed} things removed` : "its machines are not all as they were");
      left.push(...otherwise);
    } catch (error) {
      line.failed(reasonOf(error));
      throw error;
    }
  }
  if (left.length > 0) print(left.join("\n"));
  const code = left.length > 0 ? exitCodes.violates : exitCodes.conforms;
  if (!all) return code;
  const swept = await containerBackend().sweep();
  if (swept.length > 0) print(swept.join("\n"));
  if (runs.length + swept.length === 0) print("no lab is kept, and nothing is left over");
  return code;
}
