import { randomInt } from "node:crypto";
import { mkdirSync } from "node:fs";
import { join, resolve } from "node:path";
import { openJournal } from "#harness/evidence/journal";
import { ms } from "#harness/judging/duration";
import { within } from "#harness/judging/within";
import { LabBroken, reasonOf } from "#harness/model/errors";
import type { Wait } from "#harness/model/judging";
import type { Run } from "#harness/model/run";

/** A run, for the one who made it. */
export interface OwnedRun extends Run {
  /** Tells everything that waits to stop. The first reason counts. */
  abort(because: string): void;
  /**
   * Undoes all that was deferred, the last first, each within its budget, whatever the others do; then closes the
   * journal. With `keep` only what does not outlive this process is undone. A second call waits for the first.
   * Throws one `LabBroken` that tells all that could not be undone.
   */
  end(options?: { readonly keep?: boolean }): Promise<void>;
  /** Whether `end` has been called. */
  readonly ending: boolean;
}

interface Undo {
  readonly what: string;
  readonly undo: () => PromiseLike<void>;
  readonly evenIfKept: boolean;
  readonly budget: Wait;
}

export interface NewRun {
  /** The scenario's id. */
  readonly scenario: string;
  /** Where runs are kept. Default `HARDWAY_RUNS`, or else `reports/runs` of this checkout. */
  readonly root?: string;
}

const defaultRoot = join(import.meta.dirname, "../../reports/runs");

/** Begins a run: its identity, its folder, its journal. Throws `LabBroken` when the folder cannot be made. */
export function createRun({ scenario, root = process.env.HARDWAY_RUNS || defaultRoot }: NewRun): OwnedRun {
  const { id, folder } = makeFolder(scenario, resolve(root));
  const journal = openJournal(folder);
  const controller = new AbortController();
  const undos: Undo[] = [];
  let ended: Promise<void> | undefined;
  let closed = false;

  async function undone({ what, undo, budget }: Undo): Promise<string[]> {
    const started = Date.now();
    const error = await withinBudget(undo, budget);
    const at = Date.now();
    journal.write({ kind: "step-done", at, step: `undo: ${what}`, on: [], ms: at - started, ...(error && { error }) });
    return error ? [`${what}: ${error}`] : [];
  }

  async function undoAll(keep: boolean): Promise<void> {
    const failures: string[] = [];
    // Undoing may itself defer more.
    for (let next = undos.pop(); next; next = undos.pop()) {
      if (!keep || next.evenIfKept) failures.push(...(await undone(next)));
    }
    closed = true;
    journal.close();
    if (failures.length > 0) {
      throw new LabBroken(`not all of the run could be undone:\n${failures.map((f) => `  - ${f}`).join("\n")}`, {
        who: id,
        look: "npx hardway status --leftovers; the next start sweeps what is left",
      });
    }
  }

  return {
    id,
    scenario,
    folder,
    journal,
    signal: controller.signal,
    defer(what, undo, { evenIfKept = false, budget = within.undo } = {}) {
      if (!closed) {
        undos.push({ what, undo, evenIfKept, budget });
        return;
      }
      // Made too late to be used, so it goes at once.
      void undone({ what, undo, evenIfKept, budget });
      throw new LabBroken(`the run is over, so ${what} is of no use any more`, { who: id });
    },
    abort: (because) => controller.abort(because),
    get ending() {
      return ended !== undefined;
    },
    end({ keep = false } = {}) {
      ended ??= undoAll(keep);
      return ended;
    },
  };
}

/** `20261120-180301-metallb-bgp-x7f2`, in UTC. A scenario's variant is set off by a dash, as engines allow no `+` in names. */
function nameOf(scenario: string): string {
  const [day = "", time = ""] = new Date().toISOString().slice(0, 19).replaceAll(/[-:]/g, "").split("T");
  const random = Array.from({ length: 4 }, () => randomInt(36).toString(36)).join("");
  return `${day}-${time}-${scenario.replaceAll(/[^A-Za-z0-9.]+/g, "-")}-${random}`;
}

function makeFolder(scenario: string, root: string): { id: string; folder: string } {
  const id = nameOf(scenario);
  const folder = join(root, id);
  try {
    mkdirSync(root, { recursive: true });
    mkdirSync(folder);
    return { id, folder };
  } catch (cause) {
    throw new LabBroken("cannot make the run's folder", { who: folder, seen: (cause as Error).message, cause });
  }
}

/** Why it failed, or nothing. */
async function withinBudget(undo: () => PromiseLike<void>, { within: budget }: Wait): Promise<string | undefined> {
  let timer: NodeJS.Timeout | undefined;
  const tooLong = new Promise<string>((resolve) => {
    timer = setTimeout(resolve, ms(budget), `not done within ${budget}`);
  });
  try {
    return await Promise.race([undo().then(() => undefined), tooLong]);
  } catch (error) {
    return reasonOf(error);
  } finally {
    clearTimeout(timer);
  }
}
