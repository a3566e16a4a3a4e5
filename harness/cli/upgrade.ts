import { writeFileSync } from "node:fs";
import { join, relative } from "node:path";
import { pathToFileURL } from "node:url";
import { screenProgress } from "../host/progress.ts";
import { Misdeclared, reasonOf } from "../model/errors.ts";
import type { Lab, Scenario } from "../model/scenario.ts";
import type { UpgradePath, UpgradeReport } from "../model/upgrade.ts";
import { raiseLab } from "../run/lifecycle.ts";
import { resolve } from "../topology/resolve.ts";
import { problemsOf } from "../upgrade/path.ts";
import { exitCodes } from "./exit.ts";
import { print } from "./print.ts";
import { project } from "./scenarios.ts";
import { isKubespray, isWritten, loadKubespray, namedPaths, releasesHere, writtenPath } from "./upgrade-paths.ts";
import { loadReports, runsFolder } from "./upgrade-reports.ts";

/**
 * Takes a path in its lab and prints what it cost and what it changed; with `list` prints the paths that have names.
 * The exit code is `violates` when a hop was not done. Throws `Misdeclared`, with everything that is wrong with a path,
 * before a machine is raised.
 */
export async function upgrade(
  wanted: string | undefined,
  { list = false }: { readonly list?: boolean },
): Promise<number> {
  if (list) {
    for (const { name, title } of await namedPaths()) print(`${name}\n    ${title}`);
    return exitCodes.conforms;
  }
  if (wanted === undefined)
    throw new Misdeclared("the command line", ["it names no path"], { look: "npx hardway upgrade --list" });
  const { path, problems } = await pathOf(wanted);
  if (!path || problems.length > 0)
    throw new Misdeclared(`the path ${wanted}`, problems, { look: await whatThereIs() });
  const report = await runPath(path);
  const reports = await loadReports();
  const comparison = reports.compare([report]);
  const page = join(runsFolder(), report.run, "upgrade.html");
  writeFileSync(page, reports.page(comparison));
  print(`\n${reports.terminal(comparison)}\n\npage: ${relative(process.cwd(), page)}`);
  return report.hops.every(({ ended }) => ended === "done") ? exitCodes.conforms : exitCodes.violates;
}

/** A path by its name, or as it is written, with everything that is wrong with it. */
export async function pathOf(wanted: string): Promise<{ path?: UpgradePath; problems: string[] }> {
  if (isKubespray(wanted)) return kubesprayPathOf(wanted);
  const available = await releasesHere();
  const { path, problems } = isWritten(wanted) ? writtenPath(wanted, available) : await named(wanted, available);
  return path && problems.length === 0 ? { path, problems: await problemsOfLab(path) } : { problems };
}

interface KubesprayPaths {
  readonly labPath: (text: string) => { readonly path?: UpgradePath; readonly problems: readonly string[] };
}

async function kubesprayPathOf(wanted: string): Promise<{ path?: UpgradePath; problems: string[] }> {
  const { path, problems } = (await loadKubespray<KubesprayPaths>("path.ts")).labPath(wanted);
  return path && problems.length === 0 ? { path, problems: await problemsOfLab(path) } : { problems: [...problems] };
}

async function named(wanted: string, available: Parameters<typeof problemsOf>[1]) {
  const path = (await namedPaths()).find(({ name }) => name === wanted);
  return path ? { path, problems: problemsOf(path, available) } : { problems: ["there is no path of this name"] };
}

/** For the reader of an error: the paths that have names. */
export async function whatThereIs(): Promise<string> {
  const names = (await namedPaths()).map(({ name }) => name);
  return `paths: ${names.join(", ") || "none"}; npx hardway upgrade --help tells how to write one`;
}

interface Upgrades {
  readonly upgradeLab: (id: string, path: UpgradePath) => Scenario;
}

/** The lab of a path: the one place where upgrades' fixtures come in, by path at run time. */
async function labOf(path: UpgradePath): Promise<Scenario> {
  const { upgradeLab } = (await load("lab.ts")) as Upgrades;
  return upgradeLab(`upgrade-${path.provisioner}`, path);
}

const load = (file: string): Promise<unknown> => import(pathToFileURL(join(project, "fixtures/upgrades", file)).href);

/** Of its lab, and of the first hop that cannot be planned in it. */
async function problemsOfLab(path: UpgradePath): Promise<string[]> {
  try {
    const { cluster, topology } = await labOf(path);
    const machines = resolve(topology);
    for (const hop of path.hops.keys()) cluster.provisioner.upgrade?.(path, hop, cluster, machines);
    return [];
  } catch (error) {
    if (error instanceof Misdeclared) return [...error.problems];
    throw error;
  }
}

interface Taking {
  readonly takeInLab: (lab: Lab, scenario: Scenario, path: UpgradePath) => Promise<UpgradeReport>;
}

/** Raises the lab of a path, takes the path in it and takes the lab down. The report is kept in the run's folder. */
export async function runPath(path: UpgradePath): Promise<UpgradeReport> {
  const scenario = await labOf(path);
  const { takeInLab } = (await load("take.ts")) as Taking;
  const up = await raiseLab(scenario, { progress: screenProgress() });
  try {
    const report = await takeInLab(up.claim(path.title).lab, scenario, path);
    const undone = report.hops.find(({ ended }) => ended !== "done");
    // Of a hop that failed the captures, tables and logs are kept, as of a claim that is false.
    if (undone) await up.explain();
    await up.lower(
      undone
        ? { outcome: "violates", because: `${undone.title} ${undone.ended}: ${undone.because}` }
        : { outcome: "conforms" },
    );
    return report;
  } catch (error) {
    await up.explain();
    await up.lower({ outcome: "broken", because: reasonOf(error) });
    throw error;
  }
}
