import { existsSync } from "node:fs";
import { readFile, statfs } from "node:fs/promises";
import { release } from "node:os";
import { dirname } from "node:path";
import { cacheFolder } from "../artifacts/cache.ts";
import { size } from "../artifacts/files.ts";
import { inotifyInstances, inotifyLimit } from "../fabric/wiring.ts";
import { host, whereIs } from "../host/command.ts";
import { screenProgress } from "../host/progress.ts";
import { containerBackend } from "../machines/container/backend.ts";
import { engine } from "../machines/container/engine.ts";
import { vmBackend } from "../machines/vm/backend.ts";
import { chooseEmulator } from "../machines/vm/choice.ts";
import { HardwayError } from "../model/errors.ts";
import type { FeatureReport } from "../model/features.ts";
import { exitCodeOf, exitCodes } from "./exit.ts";
import { print } from "./print.ts";

/** What building programs and disks takes, where they cannot be downloaded. */
const tools = [
  { program: "go", version: ["version"], for: "programs built from Go modules" },
  {
    program: "cc",
    version: ["--version"],
    for: "flannel built from its Go module, and User-mode Linux on processors with AMX",
  },
  { program: "mmdebstrap", version: ["--version"], for: "disks of machines" },
] as const;

/** What a cold start needs: programs, images and the disks of four machines. */
const roomy = 20 * 1024 ** 3;

const row = (present: boolean, what: string, detail: string): void =>
  print(`  ${present ? "✓" : "✗"} ${what.padEnd(14)} ${detail}`.trimEnd());

/** Prints what this computer has for raising labs. The exit code is not 0 when no engine answers, or nothing could be tried in it. */
export async function doctor(): Promise<number> {
  print(`Node ${process.versions.node}, ${process.platform} ${process.arch}\n`);
  print("Container engine");
  const { value: found, code } = await told("engine", engineRow);
  const features = found && (await told("features", featureRows));
  if (found?.kernel === release()) await inotifyRow();
  print("\nFor building");
  for (const { program, version, for: purpose } of tools) {
    const path = await whereIs(program);
    const said = path ? (await host([path, ...version])).stdout.split("\n")[0] : `missing; for ${purpose}`;
    row(path !== undefined, program, said ?? "");
  }
  row(true, "mirror", process.env.HARDWAY_MIRROR ?? "none (HARDWAY_MIRROR)");
  print("\nDisk");
  await diskRow("cache", cacheFolder());
  if (found) await diskRow("engine", found.root);
  return features?.code ?? code;
}

/** Prints what fails of some rows, so that the others come all the same. With the exit code that this is. */
async function told<T>(what: string, rows: () => Promise<T>): Promise<{ readonly value?: T; readonly code: number }> {
  try {
    return { value: await rows(), code: exitCodes.conforms };
  } catch (error) {
    if (!(error instanceof HardwayError)) throw error;
    row(false, what, error.message);
    return { code: exitCodeOf(error) };
  }
}

/** Returns the engine's kernel, and the folder where it keeps its data. Throws when there is no engine. */
async function engineRow(): Promise<{ readonly kernel: string; readonly root: string }> {
  const { docker, version, kernel, cgroup, arch } = await engine();
  const { Driver, DockerRootDir } = (await docker.info()) as { Driver: string; DockerRootDir: string };
  row(true, "engine", `${version} on kernel ${kernel}, ${arch}, cgroup v${cgroup}, storage ${Driver}`);
  return { kernel, root: DockerRootDir };
}

/** Each feature in containers, which share the engine's kernel, beside VMs, which have one of their own. */
async function featureRows(): Promise<void> {
  const containers = await containerBackend().survey();
  const { emulator, because } = await chooseEmulator(screenProgress());
  const vms = await vmBackend().survey(screenProgress());
  row(true, "VMs", `${emulator.title}: ${because}`);
  print("\nFeatures, each tried   containers  VMs");
  for (const report of containers.values()) {
    const inVm = vms.get(report.feature);
    const marks = `${mark(report)}           ${mark(inVm)}`;
    const whyNot = [lack("containers", report), lack("VMs", inVm)].filter(Boolean).join("; ");
    print(`  ${report.feature.padEnd(20)} ${marks}   ${whyNot}`.trimEnd());
  }
  if (emulator.name === "uml" && !process.env.HARDWAY_VM)
    print("What VMs lack is looked for in QEMU when a scenario needs it: HARDWAY_VM=qemu npx hardway doctor");
}

const mark = (report: FeatureReport | undefined): string => (report?.present ? "✓" : "✗");

function lack(where: string, report: FeatureReport | undefined): string {
  if (report?.present) return "";
  return `${where}: ${report?.seen?.trim().split("\n")[0] ?? "not tried"}`;
}

/** Only where the engine runs on this computer's own kernel: elsewhere this file says nothing about it. */
async function inotifyRow(): Promise<void> {
  const has = Number(await readFile(inotifyLimit, "utf8").catch(() => inotifyInstances));
  const enough = has >= inotifyInstances;
  print("\nLimits");
  row(enough, "inotify", `${has} instances${enough ? "" : `, too few for two labs; ${inotifyAdvice}`}`);
}

const inotifyAdvice = `the next lab raises it, or: sudo sysctl fs.inotify.max_user_instances=${inotifyInstances}`;

async function diskRow(what: string, folder: string): Promise<void> {
  let there = folder;
  while (!existsSync(there)) there = dirname(there);
  const { bavail, bsize } = await statfs(there);
  const free = bavail * bsize;
  row(
    free > roomy,
    what,
    `${size(free)} free at ${folder}${free > roomy ? "" : `, less than the ${size(roomy)} of a cold start`}`,
  );
}
