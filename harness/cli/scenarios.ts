import { existsSync } from "node:fs";
import { readdir } from "node:fs/promises";
import { basename, join, relative, resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { Misdeclared } from "../model/errors.ts";
import type { Scenario } from "../model/scenario.ts";

export const project = resolve(import.meta.dirname, "../..");

/** A scenario's module: its default and its variants by name. */
export interface ScenarioModule {
  readonly default: Scenario;
  readonly variants?: Readonly<Record<string, Scenario>>;
}

/** Folders that hold a scenario, by name. */
export async function scenarioFolders(root = join(project, "scenarios")): Promise<string[]> {
  const entries = await readdir(root, { withFileTypes: true });
  const folders = entries.filter((entry) => entry.isDirectory()).map(({ name }) => join(root, name));
  return folders.filter((folder) => existsSync(join(folder, "scenario.ts"))).sort();
}

/**
 * Imports `<folder>/scenario.ts`; `folder` may also be a name under scenarios/. This is where the harness meets scenarios, by path at run time.
 * Throws `Misdeclared` when there is none, when it cannot be imported, or when its default is no scenario.
 */
export async function loadModule(folder: string): Promise<ScenarioModule> {
  const candidates = [resolve(folder), join(project, "scenarios", folder)].map((path) => join(path, "scenario.ts"));
  const file = candidates.find((path) => existsSync(path));
  if (!file) {
    const known = (await scenarioFolders()).map((path) => relative(process.cwd(), path));
    throw new Misdeclared(folder, ["it holds no scenario.ts"], { look: `there are: ${known.join(", ") || "none"}` });
  }
  const shown = relative(process.cwd(), file);
  const module = (await import(pathToFileURL(file).href).catch((cause: unknown) => {
    const lines = (cause instanceof Error ? (cause.stack ?? cause.message) : String(cause)).split("\n");
    const seen = lines
      .filter((line) => !line.includes("node:internal"))
      .slice(0, 5)
      .join("\n");
    throw new Misdeclared(shown, ["it cannot be imported"], { seen, cause });
  })) as Partial<ScenarioModule>;
  if (typeof module.default?.id !== "string") throw new Misdeclared(shown, ["its default export is no scenario"]);
  return module as ScenarioModule;
}

/**
 * A scenario by folder and variant, or as `list` writes both: `scenarios/metallb-bgp+frr`.
 * Throws `Misdeclared`, with the variants that there are.
 */
export async function loadScenario(wanted: string, given?: string): Promise<Scenario> {
  const [, folder = wanted, variant = given] = /^(.*)\+([^/+]+)$/.exec(wanted) ?? [];
  const { default: scenario, variants = {} } = await loadModule(folder);
  if (variant === undefined) return scenario;
  const found = variants[variant];
  if (found) return found;
  throw new Misdeclared(folder, [`it has no variant "${variant}"`], {
    look: `variants: ${Object.keys(variants).join(", ") || "none"}`,
  });
}

/** A scenario by its id, `metallb-bgp` or `metallb-bgp+frr`, as a run's record has it. */
export async function scenarioById(id: string, root = join(project, "scenarios")): Promise<Scenario> {
  const [folder = id] = id.split("+");
  const { default: scenario, variants = {} } = await loadModule(join(root, basename(folder)));
  const found = [scenario, ...Object.values(variants)].find((candidate) => candidate.id === id);
  if (found) return found;
  throw new Misdeclared(id, [`scenarios/${folder} has no scenario with this id`]);
}
