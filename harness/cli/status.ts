import { screenProgress } from "../host/progress.ts";
import { containerBackend, lower } from "../machines/container/backend.ts";
import { reasonOf } from "../model/errors.ts";
import { listRuns } from "../run/registry.ts";
import { exitCodes } from "./exit.ts";
import { chooseRun } from "./labs.ts";
import { print, since, table } from "./print.ts";

/** Prints the labs that are up; with `leftovers` all that the engine holds of any run. */
export async function status({ leftovers = false }: { readonly leftovers?: boolean }): Promise<number> {
  if (leftovers) {
    const lines = await containerBackend().leftovers();
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

/** Takes one lab down, or all that are kept together with what dead runs left. A lab that a live process uses goes only by name. */
export async function down(wanted: string | undefined, { all = false }: { readonly all?: boolean }): Promise<number> {
  const progress = screenProgress();
  const runs = all ? listRuns().filter(({ state }) => state === "kept") : [chooseRun(wanted)];
  for (const { id } of runs) {
    const line = progress.begin("take down", id);
    try {
      line.done(`${(await lower(id)).length} things removed`);
    } catch (error) {
      line.failed(reasonOf(error));
      throw error;
    }
  }
  if (!all) return exitCodes.conforms;
  const swept = await containerBackend().sweep();
  if (swept.length > 0) print(swept.join("\n"));
  if (runs.length + swept.length === 0) print("no lab is kept, and nothing is left over");
  return exitCodes.conforms;
}
