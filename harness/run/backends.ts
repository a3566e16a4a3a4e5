import { containerBackend } from "#harness/machines/container/backend";
import { sshBackend } from "#harness/machines/ssh/backend";
import { loadInventory } from "#harness/machines/ssh/inventory";
import { vmBackend } from "#harness/machines/vm/backend";
import { Misdeclared } from "#harness/model/errors";
import type { MachineKind } from "#harness/model/topology";
import type { Backends } from "./choose.ts";

/**
 * Every backend that machines of a lab can come from, the quickest first. An inventory, the file that `HARDWAY_INVENTORY`
 * names, is used alone. Throws `Misdeclared` for one that is none.
 */
export function everyBackend(inventory = process.env.HARDWAY_INVENTORY): Backends {
  // Machines that exist already have kernels of their own.
  if (inventory) return [["vm", sshBackend(loadInventory(inventory))]];
  return [
    ["container", containerBackend()],
    ["vm", vmBackend()],
    // Debian's kernel has what that of User-mode Linux lacks; it is worth an emulated processor.
    ...(process.env.HARDWAY_VM ? [] : [["vm", vmBackend("qemu")] as const]),
  ];
}

const kinds: readonly MachineKind[] = ["container", "vm"];

/** What `HARDWAY_MACHINES` says that the cluster's machines must be, if anything. Throws `Misdeclared` for what is no kind of machine. */
export function forcedMachines(said = process.env.HARDWAY_MACHINES): MachineKind | undefined {
  if (!said) return undefined;
  const kind = kinds.find((known) => known === said);
  if (kind) return kind;
  throw new Misdeclared("HARDWAY_MACHINES", [`"${said}" is no kind of machine: ${kinds.join(" or ")}`]);
}
