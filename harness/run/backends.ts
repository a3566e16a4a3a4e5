import { containerBackend } from "#harness/machines/container/backend";
import { Misdeclared } from "#harness/model/errors";
import type { MachineKind } from "#harness/model/topology";
import type { Backends } from "./choose.ts";

/** Every backend that machines of a lab can come from, the quickest first. */
export function everyBackend(): Backends {
  return [["container", containerBackend()]];
}

const kinds: readonly MachineKind[] = ["container", "vm"];

/** What `HARDWAY_MACHINES` says that the cluster's machines must be, if anything. Throws `Misdeclared` for what is no kind of machine. */
export function forcedMachines(said = process.env.HARDWAY_MACHINES): MachineKind | undefined {
  if (!said) return undefined;
  const kind = kinds.find((known) => known === said);
  if (kind) return kind;
  throw new Misdeclared("HARDWAY_MACHINES", [`"${said}" is no kind of machine: ${kinds.join(" or ")}`]);
}
