import { readFileSync } from "node:fs";
import { parse } from "yaml";
import { asIni, asList, asYaml } from "../inventory/formats.ts";
import { inventory, type Variables } from "../inventory/inventory.ts";
import { readServers, type TaggedServer } from "../inventory/servers.ts";
import { labServers } from "../inventory/topology.ts";
import { Misdeclared, reasonOf } from "../model/errors.ts";
import { attachLab } from "../run/attach.ts";
import { resolve } from "../topology/resolve.ts";
import { exitCodes } from "./exit.ts";
import { chooseRun } from "./labs.ts";
import { print } from "./print.ts";
import { loadScenario } from "./scenarios.ts";

/** Whose machines: of a list, of a lab that is up, or of a scenario. */
export interface WhoseMachines {
  /** JSON or YAML list of servers. Default `HARDWAY_SERVERS`. */
  readonly servers?: string;
  /** Id of a run, or the beginning or the end of it. Default `HARDWAY_RUN`. */
  readonly run?: string;
  /** Folder or id of a scenario, `+variant` too. Default `HARDWAY_SCENARIO`. */
  readonly scenario?: string;
}

export interface InventoryCommand extends WhoseMachines {
  /** Default `HARDWAY_CLUSTER`. */
  readonly cluster?: string;
  /** YAML or JSON, variables by group. Default `HARDWAY_GROUP_VARS`. */
  readonly groupVars?: string;
  readonly host?: string;
  readonly yaml?: true;
  readonly ini?: true;
}

/** Prints the inventory of one cluster as Ansible wants it. Throws `Misdeclared` with everything that is wrong with it. */
export async function inventoryCommand(options: InventoryCommand): Promise<number> {
  const { HARDWAY_CLUSTER, HARDWAY_GROUP_VARS } = process.env;
  const variables = options.groupVars ?? (HARDWAY_GROUP_VARS || undefined);
  const found = inventory(await machinesOf(options), {
    cluster: options.cluster ?? (HARDWAY_CLUSTER || undefined),
    ...(variables !== undefined && { groupVars: groupVariables(textOf(variables), variables) }),
  });
  if (options.host !== undefined) print(JSON.stringify(found.hosts[options.host] ?? {}, null, 2));
  else if (options.yaml) print(asYaml(found).trimEnd());
  else if (options.ini) print(asIni(found).trimEnd());
  else print(JSON.stringify(asList(found), null, 2));
  return exitCodes.conforms;
}

/** Machines with their tags. What is said on the command line goes before the environment. */
async function machinesOf(options: WhoseMachines): Promise<readonly TaggedServer[]> {
  const { HARDWAY_SERVERS: servers, HARDWAY_RUN: run, HARDWAY_SCENARIO: scenario } = process.env;
  const said = options.servers ?? options.run ?? options.scenario;
  const whose = said === undefined ? { servers, run, scenario } : options;
  if (whose.servers) return serversIn(whose.servers);
  if (whose.run) {
    await using lab = await attachLab(chooseRun(whose.run).id);
    return labServers({ segments: [], nodes: [...lab.machines.values()].map(({ node }) => node) });
  }
  if (whose.scenario) return labServers(resolve((await loadScenario(whose.scenario)).topology));
  throw new Misdeclared("hardway inventory", [
    "it needs a list of servers: --servers <file>, or HARDWAY_SERVERS; or a lab: --run <id>, or --scenario <folder>",
  ]);
}

/** The servers of a list, with what their tags say. */
export const serversIn = (file: string): readonly TaggedServer[] => readServers(textOf(file), file);

function textOf(file: string): string {
  try {
    return readFileSync(file, "utf8");
  } catch (cause) {
    throw new Misdeclared(file, [`it cannot be read: ${reasonOf(cause)}`]);
  }
}

function groupVariables(text: string, file: string): Readonly<Record<string, Variables>> {
  const value = yaml(text, file);
  const isMap = (what: unknown) => typeof what === "object" && what !== null && !Array.isArray(what);
  if (isMap(value) && Object.values(value as object).every(isMap)) return value as Record<string, Variables>;
  throw new Misdeclared(file, ["it does not say variables by group: group: {variable: value}"]);
}

/** As Ansible reads it: YAML 1.1. */
function yaml(text: string, file: string): unknown {
  try {
    return parse(text, { version: "1.1" });
  } catch (cause) {
    throw new Misdeclared(file, [`it is neither JSON nor YAML: ${reasonOf(cause).split("\n")[0]}`]);
  }
}
