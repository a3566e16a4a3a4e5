import type { MachineBackend, RaisedLab } from "#harness/model/machines";
import type { Journal } from "#harness/model/run";
import { prepare } from "./image.ts";
import { attachLab, raiseLab } from "./raise.ts";
import { survey } from "./survey.ts";
import { leftoverLines, removeRun, sweepDead } from "./sweep.ts";

/** Machines as containers of the engine that is found here. */
export function containerBackend(): MachineBackend {
  return {
    name: "container",
    survey,
    prepare,
    raise: raiseLab,
    sweep: sweepDead,
    leftovers: leftoverLines,
  };
}

const silent: Journal = { write: () => undefined, attach: () => "" };

/**
 * A lab that is up, raised by another process. Disposing lets go of it and leaves it up; `lower` takes it down.
 * Throws `LabBroken` when there is none.
 */
export function attach(runId: string, journal: Journal = silent): Promise<RaisedLab> {
  return attachLab(runId, journal);
}

/** Takes a lab down, whoever raised it. Returns one line per removed thing. */
export function lower(runId: string): Promise<string[]> {
  return removeRun(runId);
}
