import { createHash } from "node:crypto";
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { cacheFolder } from "#harness/artifacts/cache";
import { putInPlace } from "#harness/artifacts/files";
import { atPace } from "#harness/judging/pace";
import { within } from "#harness/judging/within";
import type { Feature, FeatureReport, Features } from "#harness/model/features";
import type { Progress } from "#harness/model/progress";
import { type Engine, engine as findEngine } from "../container/engine.ts";
import { removeContainer, startContainer } from "../container/lab-container.ts";
import { runLabels } from "../container/labels.ts";
import { shellIn } from "../container/shell.ts";
import { powerCut } from "../container/survey.ts";
import { toolsImage } from "../container/tools-image.ts";
import { putFiles } from "../files.ts";
import { trials, triedOf } from "../trials.ts";
import type { Emulator } from "./emulator.ts";
import { bareHostConfig } from "./hull.ts";
import { scratch } from "./layout.ts";

/** Raised when what is tried changes. */
const edition = 1;

const folder = "/survey";
const firstProcess = `${folder}/init`;

const seen = new Map<Emulator["name"], Promise<Features>>();

/**
 * Tries each feature for real, in a guest of an emulator's kernel whose disk is the hull itself: some seconds, once for each
 * hull image and engine, then remembered in the cache. A kernel that does not run here has none of them, with the end of
 * its console; that may be for want of memory, so it is tried anew next time. Throws `LabBroken` when the hull does not run.
 */
export function survey(emulator: Emulator, progress?: Progress): Promise<Features> {
  const known = seen.get(emulator.name);
  if (known) return known;
  const surveying = surveyOnce(emulator, progress).catch((error) => {
    seen.delete(emulator.name);
    throw error;
  });
  seen.set(emulator.name, surveying);
  return surveying;
}

async function surveyOnce(emulator: Emulator, progress: Progress | undefined): Promise<Features> {
  const engine = await findEngine();
  if (engine.arch !== "amd64") return without(`${emulator.title} is for amd64 here, and this is ${engine.arch}`);
  const hull = await toolsImage(emulator.hull, progress);
  const file = fileFor(engine, emulator, hull);
  const kept = await readFile(file, "utf8").catch(() => undefined);
  if (kept !== undefined) return byFeature(JSON.parse(kept));
  const { reports, whole } = await tried(emulator, hull);
  if (whole) await keep(file, reports);
  return byFeature(reports);
}

const byFeature = (reports: readonly FeatureReport[]): Features =>
  new Map(reports.map((report) => [report.feature, report]));

interface Tried {
  readonly reports: readonly FeatureReport[];
  /** Whether the guest came to the end of all trials. */
  readonly whole: boolean;
}

function fileFor({ id, version, kernel }: Engine, { name }: Emulator, hull: string): string {
  const key = createHash("sha256").update([edition, name, hull, id, version, kernel].join("\n"));
  return join(cacheFolder(), "vm", `${key.digest("hex").slice(0, 16)}.json`);
}

async function keep(file: string, reports: readonly FeatureReport[]): Promise<void> {
  await mkdir(join(file, ".."), { recursive: true });
  await writeFile(`${file}.${process.pid}`, JSON.stringify(reports, null, 2));
  await putInPlace(`${file}.${process.pid}`, file);
}

const features = Object.entries(trials("/run")) as [Feature, string][];

function without(reason: string): Features {
  return new Map(features.map(([feature, how]) => [feature, { feature, present: false, how, seen: reason }]));
}

async function tried(emulator: Emulator, hull: string): Promise<Tried> {
  const container = await startContainer(hull, {
    Entrypoint: ["/bin/sleep", "infinity"],
    Labels: runLabels("survey", `survey-${process.pid}`),
    HostConfig: { ...bareHostConfig, Tmpfs: { [scratch]: "exec" } },
  });
  try {
    const sh = shellIn(container, "survey of VM machines", { write: () => undefined });
    await putFiles(sh, { ...emulator.files, [firstProcess]: { content: guestScript, mode: 0o755 } });
    const { stdout } = await sh(emulator.survey(firstProcess), {
      within: atPace([{ ...emulator, machine: "vm" }], within.guestBoot.within),
      ok: "any",
    });
    const ended = await sh(
      `cd ${folder} && for f in *.exit; do echo "\${f%.exit} $(cat $f) $(base64 -w0 <\${f%.exit}.said)"; done`,
      {
        ok: "any",
      },
    );
    const results = new Map(
      ended.stdout.split("\n").map((line) => {
        const [feature = "", exitCode, said = ""] = line.split(" ");
        return [feature, { exitCode: Number(exitCode), said: Buffer.from(said, "base64").toString() }];
      }),
    );
    const console = stdout.trimEnd().split("\n").slice(-10).join("\n");
    const reports = features.map(([feature, how]): FeatureReport => {
      const result = results.get(feature);
      if (!result) return { feature, present: false, how, seen: `the guest did not come to it:\n${console}` };
      return triedOf(feature, how, result.exitCode, result.said);
    });
    const whole = features.every(([feature]) => results.has(feature));
    return { reports: [...reports, await powerCut(container)], whole };
  } finally {
    await removeContainer(container);
  }
}

/** The first process of the guest: it tries each feature in a network namespace of its own, and switches the guest off. */
const guestScript = `#!/bin/sh
mount -t proc proc /proc
mount -t sysfs sysfs /sys
mount -t tmpfs tmpfs /run
export PATH=/usr/local/sbin:/usr/sbin:/usr/bin
${features
  .map(
    ([feature, how]) => `unshare -n /bin/sh >${folder}/${feature}.said 2>&1 <<'TRIAL'
${how}
TRIAL
echo $? >${folder}/${feature}.exit`,
  )
  .join("\n")}
sleep 60 &
sync
echo o >/proc/sysrq-trigger
wait
`;
