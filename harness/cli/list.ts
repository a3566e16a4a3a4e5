import { basename } from "node:path";
import { reasonOf } from "../model/errors.ts";
import { exitCodeOf, exitCodes } from "./exit.ts";
import { print } from "./print.ts";
import { loadModule, scenarioFolders } from "./scenarios.ts";

/** Prints every scenario with its tier and what it proves, variants below it. One that cannot be loaded is told, and makes the exit code 2. */
export async function list(): Promise<number> {
  let code: number = exitCodes.conforms;
  for (const folder of await scenarioFolders()) {
    try {
      const { default: scenario, variants = {} } = await loadModule(folder);
      for (const { id, tier, proves } of new Set([scenario, ...Object.values(variants)])) {
        print(`scenarios/${id}  (${tier})\n    ${proves}`);
      }
    } catch (error) {
      print(`scenarios/${basename(folder)}  cannot be loaded\n    ${reasonOf(error)}`);
      code = exitCodeOf(error);
    }
  }
  return code;
}
