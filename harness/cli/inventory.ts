import { readFileSync } from "node:fs";
import { parse } from "yaml";
import { asIni, asList, asYaml } from "../inventory/formats.ts";
import { inventory, type Variables } from "../inventory/inventory.ts";
import { readServers } from "../inventory/servers.ts";
import { Misdeclared, reasonOf } from "../model/errors.ts";
import { exitCodes } from "./exit.ts";
import { print } from "./print.ts";

export interface InventoryCommand {
  /** JSON or YAML list of servers. Default `HARDWAY_SERVERS`. */
  readonly servers?: string;
  /** Default `HARDWAY_CLUSTER`. */
  readonly cluster?: string;
  /** YAML or JSON, variables by group. Default `HARDWAY_GROUP_VARS`. */
  readonly groupVars?: string;
  readonly host?: string;
  readonly yaml?: true;
  readonly ini?: true;
}

/** Prints the inventory of one cluster as Ansible wants it. Throws `Misdeclared` with everything that is wrong with it. */
export function inventoryCommand(options: InventoryCommand): number {
  const { HARDWAY_SERVERS, HARDWAY_CLUSTER, HARDWAY_GROUP_VARS } = process.env;
  const file = options.servers ?? (HARDWAY_SERVERS || undefined);
  if (file === undefined)
    throw new Misdeclared("hardway inventory", ["it needs a list of servers: --servers <file>, or HARDWAY_SERVERS"]);
  const variables = options.groupVars ?? (HARDWAY_GROUP_VARS || undefined);
  const found = inventory(readServers(textOf(file), file), {
    cluster: options.cluster ?? (HARDWAY_CLUSTER || undefined),
    ...(variables !== undefined && { groupVars: groupVariables(textOf(variables), variables) }),
  });
  if (options.host !== undefined) print(JSON.stringify(found.hosts[options.host] ?? {}, null, 2));
  else if (options.yaml) print(asYaml(found).trimEnd());
  else if (options.ini) print(asIni(found).trimEnd());
  else print(JSON.stringify(asList(found), null, 2));
  return exitCodes.conforms;
}

function textOf(file: string): string {
  try {
    return readFileSync(file, "utf8");
  } catch (cause) {
    throw new Misdeclared(file, [`it cannot be read: ${reasonOf(cause)}`]);
  }
}

function groupVariables(text: string, file: string): Readonly<Record<string, Variables>> {
  const value: unknown = parse(text);
  const isMap = (what: unknown) => typeof what === "object" && what !== null && !Array.isArray(what);
  if (isMap(value) && Object.values(value as object).every(isMap)) return value as Record<string, Variables>;
  throw new Misdeclared(file, ["it does not say variables by group: group: {variable: value}"]);
}
