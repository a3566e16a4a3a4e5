import { spawn } from "node:child_process";
import { existsSync, mkdirSync, readdirSync, writeFileSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { arch, cpus, loadavg, release, totalmem } from "node:os";
import { dirname, join, relative } from "node:path";
import { pathToFileURL } from "node:url";
import { cacheFolder } from "../artifacts/cache.ts";
import { obtain } from "../artifacts/obtain.ts";
import type { Bench } from "../bench/bench.ts";
import { firstPodReady, type Times, timesOf } from "../bench/stages.ts";
import { cells, head, markdownTable, type Row, summarize } from "../bench/summary.ts";
import { readJournal } from "../evidence/journal.ts";
import { host } from "../host/command.ts";
import { screenProgress } from "../host/progress.ts";
import { within } from "../judging/within.ts";
import { engine } from "../machines/container/engine.ts";
import { prepare, removeImages } from "../machines/container/image.ts";
import { LabBroken, Misdeclared } from "../model/errors.ts";
import type { ImageSet } from "../model/images.ts";
import type { Step } from "../model/provision.ts";
import type { Scenario } from "../model/scenario.ts";
import { countInterrupts } from "../run/interrupt.ts";
import { raiseLab, type UpLab } from "../run/lifecycle.ts";
import { listRuns } from "../run/registry.ts";
import { resolve } from "../topology/resolve.ts";
import { exitCodes } from "./exit.ts";
import { print, table } from "./print.ts";
import { project } from "./scenarios.ts";

export interface BenchOptions {
  /** Repetitions. */
  readonly times: number;
  /** Also with nothing in the cache and no image in the engine: a quarter of an hour. */
  readonly cold?: true;
  /** A missed aim is an exit code. */
  readonly strict?: true;
  /** Folder of bench-<scenario>.json and bench-<scenario>.md. */
  readonly out: string;
}

/** What else this computer had to do, seen right before a lab was raised. */
interface Surroundings {
  /** Load average of a minute; the lab before this one is part of it. */
  readonly load: number;
  /** Labs of other runs that were up. */
  readonly otherLabs: number;
}

const progress = screenProgress();

/**
 * Measures every stage of scenarios, by default of all that have a bench.ts, each in turn with its baseline on the same
 * machines. Prints the tables and writes them, with the samples, as JSON and Markdown. A missed aim is named; it is the
 * exit code 1 with `strict`.
 */
export async function bench(folders: readonly string[], options: BenchOptions): Promise<number> {
  const files = folders.length > 0 ? folders.map(benchFile) : allBenchFiles();
  let missed = false;
  for (const file of files) missed = (await benchOf(file, options)) || missed;
  return missed && options.strict ? exitCodes.violates : exitCodes.conforms;
}

/** Whether an aim was missed. */
async function benchOf(file: string, { times, cold, out }: BenchOptions): Promise<boolean> {
  const declared: Bench = (await import(pathToFileURL(file).href)).default;
  const { scenario, baseline } = declared;
  const runs = join(project, "reports/runs", `bench-${new Date().toISOString().slice(0, 19).replaceAll(/[-:]/g, "")}`);
  process.env.HARDWAY_RUNS = runs;
  const at = new Date().toISOString();
  const surroundings: Surroundings[] = [];
  const ours: Times[] = [];
  const byHand: Times[] = [];
  if (cold) ours.push(await coldTimes(scenario.cluster.images));
  for (let nth = 1; nth <= times; nth++) {
    print(`\nRepetition ${nth} of ${times}, load average ${loadavg()[0]?.toFixed(1)}`);
    ours.push(await warmTimes(scenario.cluster.images));
    const measured = [
      async () => byHand.push(await labTimes(baseline, declared)),
      async () => ours.push(await labTimes(scenario, declared)),
    ];
    // Whoever comes second finds warmer caches.
    for (const measure of nth % 2 === 0 ? measured.reverse() : measured) {
      surroundings.push({
        load: Math.round((loadavg()[0] ?? 0) * 10) / 10,
        otherLabs: listRuns().filter(({ state }) => state !== "dead").length,
      });
      await measure();
    }
    if (declared.faultClaims) {
      const folder = relative(project, dirname(file));
      ours.push(await scenarioTimes(folder, scenario, declared.faultClaims, join(runs, `scenario-${nth}`)));
    }
  }
  const rows = summarize(ours, byHand, declared.aims);
  const facts = await factsOf(scenario, at, times, surroundings);
  const { title } = declared.baselineIs;
  print(`\n${table(head(title), rows.map(cells))}`);
  const missed = rows.filter(({ aim }) => aim?.met === false);
  print(missed.length === 0 ? "\nEvery aim is met." : `\nMissed: ${missed.map(({ what }) => what).join("; ")}.`);
  publish(out, facts, declared.baselineIs, rows);
  return missed.length > 0;
}

const allBenchFiles = (): string[] =>
  readdirSync(join(project, "scenarios"))
    .map((id) => join(project, "scenarios", id, "bench.ts"))
    .filter((path) => existsSync(path));

/** Of a scenario's folder, or of its name. */
function benchFile(folder: string): string {
  const candidates = [folder, join("scenarios", folder)].map((path) => join(project, path, "bench.ts"));
  const file = candidates.find((path) => existsSync(path));
  if (file) return file;
  throw new Misdeclared(folder, ["it holds no bench.ts, which says what it is measured against"]);
}

async function timed(work: () => Promise<unknown>): Promise<number> {
  const began = performance.now();
  await work();
  return Math.round(performance.now() - began);
}

const programsOf = ({ machine, pods }: ImageSet) => [
  ...new Set([machine, ...pods].flatMap(({ programs }) => Object.values(programs))),
];

async function warmTimes(images: ImageSet): Promise<Times> {
  return {
    bootstrap: await timed(() => host([join(project, "bootstrap")], { cwd: project })),
    artifacts: await timed(() => obtain(programsOf(images), { progress })),
    images: await timed(() => prepare(images, progress)),
  };
}

/** With caches of its own, and images under a name of their own; all of it is removed again. */
async function coldTimes(images: ImageSet): Promise<Times> {
  mkdirSync(cacheFolder(), { recursive: true });
  const cache = await mkdtemp(join(cacheFolder(), "bench-"));
  const own = { XDG_CACHE_HOME: cache, GOCACHE: join(cache, "go-build") };
  const before = Object.fromEntries(Object.keys(own).map((name) => [name, process.env[name]]));
  const set = { ...images, name: `${images.name}-bench` };
  try {
    Object.assign(process.env, own);
    const coldArtifacts = await timed(() => obtain(programsOf(set), { progress }));
    const coldImages = await timed(() => prepare(set, progress));
    await removeImages(set, progress);
    return { coldArtifacts, coldImages };
  } finally {
    for (const [name, value] of Object.entries(before)) {
      if (value === undefined) delete process.env[name];
      else process.env[name] = value;
    }
    await rm(cache, { recursive: true, force: true });
  }
}

/** Raises a lab, does in it what is measured, and lowers it. */
async function labTimes(scenario: Scenario, declared: Bench): Promise<Times> {
  print(`\n${scenario.id}: ${scenario.cluster.provisioner.name}`);
  const lab = await raiseLab(scenario, { progress });
  let failure: unknown;
  let upgrade: Times = {};
  try {
    if (declared.firstPod) await firstPodTime(lab, declared.firstPod);
    if (declared.upgrade) upgrade = await upgradeTimes(lab, declared.upgrade, scenario === declared.scenario);
  } catch (error) {
    failure = error;
  }
  await lab.lower({ outcome: failure === undefined ? "conforms" : "broken" });
  if (failure !== undefined) throw failure;
  const { provisioner } = scenario.cluster;
  const steps = provisioner.plan(scenario.cluster, resolve(scenario.topology)).flat() as readonly Step[];
  const names = steps.map(({ name }) => name);
  const { preparations: _, ...times } = timesOf(readJournal(lab.run.folder), names);
  return { ...times, ...upgrade };
}

async function firstPodTime(up: UpLab, { objects, ready }: NonNullable<Bench["firstPod"]>): Promise<void> {
  const { lab, reaches } = up.claim("first pod");
  const { probe, check } = ready(lab.kube);
  const began = Date.now();
  await lab.kube.apply(objects);
  const { at } = await reaches(probe, check, within.podReady);
  const measured = { kind: "measured", test: "first pod", name: firstPodReady, unit: "ms" } as const;
  up.run.journal.write({ ...measured, at, value: at - began });
}

async function upgradeTimes(up: UpLab, work: NonNullable<Bench["upgrade"]>, ours: boolean): Promise<Times> {
  const { lab } = up.claim("upgrade");
  if (!ours) return { upgrade: await timed(() => work.baseline(lab)) };
  const { hops, phases, overheadMs } = await work.ours(lab);
  const failed = hops.find(({ ended }) => ended !== "done");
  if (failed) throw new LabBroken(`the hop "${failed.title}" ${failed.ended}`, { seen: failed.because ?? "" });
  return { upgrade: phases.during.ms, upgradeOwn: overheadMs };
}

/** `npm test -- scenarios/<id>` without the claims that inflict faults, from start to end of its process. */
async function scenarioTimes(folder: string, scenario: Scenario, faultClaims: RegExp, runs: string): Promise<Times> {
  print(`\n${scenario.id}: npm test, without fault claims`);
  // A variant's claims are in a file of its own: metallb-bgp.frr.test.ts has those of metallb-bgp+frr.
  const file = join(folder, `${scenario.id.replace("+", ".")}.test.ts`);
  const words = ["test", file, "-t", `^(?!.*(${faultClaims.source}))`];
  const total = await timed(() => childEnds([join(project, "bin/hardway.js"), ...words], runs));
  const [run] = readdirSync(runs);
  const journal = readJournal(join(runs, run ?? ""));
  const ended = journal.find((entry) => entry.kind === "run-ended");
  const claims = journal.filter((entry) => entry.kind === "claim-ended");
  const fault = journal.find((entry) => entry.kind === "fault-phase");
  if (ended?.outcome !== "conforms" || fault || claims.length === 0) {
    const seen = fault ? `the fault "${fault.fault}" was inflicted` : `${ended?.outcome}, ${claims.length} claims`;
    throw new LabBroken("the scenario does not conform, so its time says nothing", { who: file, seen, look: runs });
  }
  const { preparations = 0, pairs } = timesOf(journal);
  return { preparations, scenario: total, ...(pairs !== undefined && { pairs }) };
}

/** A child that has the terminal, and hears its signals. */
async function childEnds(args: readonly string[], runs: string): Promise<void> {
  const env = { ...process.env, HARDWAY_RUNS: runs };
  const child = spawn(process.execPath, args, { cwd: project, env, stdio: ["ignore", "inherit", "inherit"] });
  using _ = countInterrupts((_nth, signal) => child.kill(signal));
  const { promise, resolve, reject } = Promise.withResolvers<number>();
  child.on("error", reject);
  child.on("exit", (code) => resolve(code ?? exitCodes.broken));
  const code = await promise;
  if (code !== 0) throw new LabBroken(`the scenario ended with exit code ${code}`, { who: args.join(" "), look: runs });
}

async function factsOf({ id, cluster }: Scenario, at: string, times: number, surroundings: readonly Surroundings[]) {
  const { version, kernel, cgroup } = await engine();
  return {
    scenario: id,
    at,
    repetitions: times,
    computer: {
      cores: cpus().length,
      cpu: cpus()[0]?.model ?? "",
      memoryGiB: Math.round(totalmem() / 2 ** 30),
      arch: arch(),
      kernel: release(),
      surroundings,
    },
    versions: {
      kubernetes: cluster.kubernetes,
      ...Object.fromEntries(cluster.addons.map(({ name, version }) => [name, version])),
      engine: `${version}, kernel ${kernel}, cgroup v${cgroup}`,
      node: process.versions.node,
    },
  };
}

function publish(
  out: string,
  facts: Awaited<ReturnType<typeof factsOf>>,
  baseline: Bench["baselineIs"],
  rows: readonly Row[],
): void {
  const { scenario, at, repetitions, computer, versions } = facts;
  mkdirSync(out, { recursive: true });
  writeFileSync(join(out, `bench-${scenario}.json`), `${JSON.stringify({ ...facts, stages: rows }, null, 2)}\n`);
  const text = `# Bench of ${scenario}

Written by \`npm run bench\` on ${at.slice(0, 10)}. ${computer.cores} cores (${computer.cpu}), ${computer.memoryGiB} GiB, ${computer.arch}, kernel ${computer.kernel}; engine ${versions.engine}.
Before each lab the load average was ${computer.surroundings.map(({ load }) => load).join(", ")}, and other labs up were ${computer.surroundings.map(({ otherLabs }) => otherLabs).join(", ")}.
${Object.entries(versions)
  .filter(([name]) => name !== "engine")
  .map(([name, version]) => `${name} ${version}`)
  .join(", ")}.

Medians of ${repetitions} repetitions, in brackets the shortest and the longest; both took turns. API server, nodes and add-ons are counted from the moment
when the machines begin to rise. ${baseline.title[0]?.toUpperCase()}${baseline.title.slice(1)}: ${baseline.told}.

${markdownTable(rows, baseline.title)}
`;
  writeFileSync(join(out, `bench-${scenario}.md`), text);
}
