import { attach, lower } from "#harness/machines/container/backend";
import { enter as enterContainer } from "#harness/machines/container/terminal";
import { attachBorrowed, type Returned, returnBorrowed } from "#harness/machines/ssh/backend";
import { enter as enterBySsh } from "#harness/machines/ssh/terminal";
import { LabBroken, Misdeclared } from "#harness/model/errors";
import type { RaisedLab } from "#harness/model/machines";
import { findRun } from "./registry.ts";

/** A lab that is up, whatever its machines are. Disposing lets go of it and leaves it up. Throws `LabBroken` when there is none. */
export async function attachLab(id: string): Promise<RaisedLab> {
  const borrowed = findRun(id)?.borrowed;
  return borrowed ? attachBorrowed(id, borrowed) : attach(id);
}

/** What taking a lab down did, also with machines that existed before. */
export interface Lowered extends Returned {
  readonly removed: number;
}

/**
 * Takes a lab down, whoever raised it: machines that were made for it are removed, those that existed before given back.
 * With `forget` those are given up that cannot be. Throws `LabBroken` when one cannot be, and `Misdeclared` when there is
 * nothing to forget, since all machines are the engine's.
 */
export async function lowerLab(id: string, { forget = false }: { readonly forget?: boolean } = {}): Promise<Lowered> {
  const borrowed = findRun(id)?.borrowed;
  if (borrowed) return { removed: 0, ...(await returnBorrowed(id, borrowed, { forget })) };
  if (forget) throw new Misdeclared("--forget", [`${id} has no machines that existed before it: hardway down ${id}`]);
  return { removed: (await lower(id)).length, otherwise: [], lost: [] };
}

/** Runs a program on a machine of a lab, joined to this process's standard streams. Returns its exit code. */
export async function enter(id: string, machine: string, argv: readonly string[]): Promise<number> {
  const borrowed = findRun(id)?.borrowed;
  if (!borrowed) return enterContainer(id, machine, argv);
  await using lab = attachBorrowed(id, borrowed);
  const found = lab.machines.get(machine);
  if (!found)
    throw new LabBroken("there is no such machine in this lab", {
      who: machine,
      seen: [...lab.machines.keys()].sort().join(" "),
    });
  return await enterBySsh(found, argv);
}
