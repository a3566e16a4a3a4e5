import { accessSync, constants, existsSync, mkdirSync, readdirSync, statSync, writeFileSync } from "node:fs";
import { dirname, join, relative, resolve } from "node:path";
import { LabBroken, Misdeclared, reasonOf, Unsupported } from "../model/errors.ts";
import type { UpgradePath, UpgradeReport } from "../model/upgrade.ts";
import { reportFile } from "../upgrade/take.ts";
import { exitCodes } from "./exit.ts";
import { print } from "./print.ts";
import { pathOf, runPath, whatThereIs } from "./upgrade.ts";
import { isWritten } from "./upgrade-paths.ts";
import { loadReports, runsFolder } from "./upgrade-reports.ts";

export interface CompareOptions {
  /** How often each path is taken. Runs that are stored are as many as they are. */
  readonly times: number;
  /** Where the page goes. Default: among the runs. */
  readonly html?: string;
  /** The comparison as JSON instead of the table. */
  readonly json?: true;
}

/** What an argument names: a run that is stored, or a path that is to be taken. */
type Subject = { readonly stored: string } | { readonly path: UpgradePath };

/**
 * Lays runs and paths side by side: prints the comparison and writes it as a page. Paths are taken first, in turn, in
 * the opposite order every second time: whoever comes second finds warmer caches. Throws `Misdeclared` for everything
 * that is wrong with the arguments at once, `LabBroken` for a run whose report cannot be read, and `Unsupported` for a path of
 * Kubespray's where none is given; all before a machine is raised.
 */
export async function compare(wanted: readonly string[], { times, html, json }: CompareOptions): Promise<number> {
  const subjects = await subjectsOf(wanted, times, html);
  const reports = await loadReports();
  const told = subjects.map((subject) => ("stored" in subject ? [reports.readUpgrade(subject.stored)] : []));
  for (let nth = 1; nth <= times; nth++) {
    const inTurn = [...subjects.entries()];
    for (const [index, subject] of nth % 2 === 0 ? inTurn.reverse() : inTurn) {
      if ("path" in subject) told[index]?.push(await taken(subject.path, nth, times));
    }
  }
  const comparison = reports.compare(told.flat());
  // It may have taken hours: what there is to read comes before what can fail.
  print(json ? JSON.stringify(comparison, null, 2) : reports.terminal(comparison));
  const page =
    html ?? join(runsFolder(), `compare-${new Date().toISOString().slice(0, 19).replaceAll(/[-:T]/g, "")}.html`);
  write(page, reports.page(comparison));
  const where = `page: ${relative(process.cwd(), page)}`;
  if (json) process.stderr.write(`${where}\n`);
  else print(`\n${where}`);
  return exitCodes.conforms;
}

function write(page: string, content: string): void {
  try {
    mkdirSync(dirname(resolve(page)), { recursive: true });
    writeFileSync(page, content);
  } catch (cause) {
    throw new LabBroken("the page could not be written", { who: page, seen: reasonOf(cause), cause });
  }
}

async function taken(path: UpgradePath, nth: number, times: number): Promise<UpgradeReport> {
  process.stderr.write(`\n${path.name}: ${path.title}${times > 1 ? ` (${nth} of ${times})` : ""}\n`);
  return runPath(path);
}

async function subjectsOf(wanted: readonly string[], times: number, html: string | undefined): Promise<Subject[]> {
  const problems: string[] = [];
  const subjects: Subject[] = [];
  let unsupported: Unsupported | undefined;
  for (const one of wanted) {
    const found = await subjectOf(one).catch((error: unknown) => {
      if (!(error instanceof Unsupported)) throw error;
      unsupported ??= error;
      return { problems: [] };
    });
    if ("problems" in found) problems.push(...found.problems.map((problem) => `${one}: ${problem}`));
    else subjects.push(found);
  }
  if (!Number.isInteger(times) || times < 1) problems.push("--times: it must be a whole number, 1 or more");
  const obstacle = html === undefined ? undefined : obstacleTo(html);
  if (obstacle !== undefined) problems.push(`--html: ${obstacle}`);
  if (problems.length > 0) throw new Misdeclared("the comparison", problems, { look: await whatThereIs() });
  if (unsupported) throw unsupported;
  return subjects;
}

/** Why a page cannot be written to this file, if that can be told beforehand. */
function obstacleTo(page: string): string | undefined {
  if (page === "") return "it names no file";
  const file = resolve(page);
  let there = file;
  while (!existsSync(there)) there = dirname(there);
  const isFolder = statSync(there).isDirectory();
  if (page.endsWith("/") || (isFolder && there === file)) return `${page} is a folder, and no file`;
  if (!isFolder && there !== file) return `${page} is in no folder: ${there} is a file`;
  try {
    accessSync(there, isFolder ? constants.W_OK | constants.X_OK : constants.W_OK);
    return undefined;
  } catch (cause) {
    return `${page} cannot be written: ${reasonOf(cause)}`;
  }
}

async function subjectOf(wanted: string): Promise<Subject | { readonly problems: readonly string[] }> {
  if (existsSync(resolve(wanted))) return { stored: resolve(wanted) };
  const { path, problems } = await pathOf(wanted);
  if (path && problems.length === 0) return { path };
  if (path || isWritten(wanted)) return { problems };
  const fitting = runsNamed(wanted);
  const upgrades = fitting.filter((run) => existsSync(join(runsFolder(), run, reportFile)));
  const [only, ...others] = fitting.length === 1 ? fitting : upgrades;
  if (only && others.length === 0) return { stored: join(runsFolder(), only) };
  if (only) return { problems: [`it may be any of ${upgrades.join(", ")}`] };
  if (fitting.length > 0) return { problems: [`${fitting.length} runs are called so, and none of them took a path`] };
  return { problems: ["it is no run that is stored, and no path has this name"] };
}

/** Runs by their ids, or the beginning or the end of these. */
function runsNamed(wanted: string): string[] {
  const all = existsSync(runsFolder()) ? readdirSync(runsFolder(), { withFileTypes: true }) : [];
  const names = all.filter((entry) => entry.isDirectory()).map(({ name }) => name);
  return names.filter((name) => name === wanted || name.startsWith(wanted) || name.endsWith(wanted));
}
