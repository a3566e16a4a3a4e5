import { join } from "node:path";
import { project } from "./scenarios.ts";

export interface TestOptions {
  readonly tier: string;
  readonly keep: string;
}

/** Becomes vitest: the same process, so that signals and the exit code are its own. */
export function test(filters: readonly string[], { tier, keep }: TestOptions): never {
  process.chdir(project);
  const vitest = join(project, "node_modules/vitest/vitest.mjs");
  const args = [process.execPath, vitest, "run", "--project", "unit", "--project", "scenarios", ...filters];
  const env = { ...process.env, HARDWAY_TIER: tier, HARDWAY_KEEP: keep };
  if (!process.execve) throw new Error("this Node has no process.execve");
  return process.execve(process.execPath, args, env);
}
