import { createHash } from "node:crypto";

/** What machine-id(5) says of a machine: 32 hexadecimal digits, one's own in each run, the same after a power cut. */
export const machineIdOf = (run: string, machine: string): string =>
  createHash("sha256").update(`${run}/${machine}`).digest("hex").slice(0, 32);
