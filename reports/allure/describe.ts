import { existsSync, readdirSync } from "node:fs";
import { extname, join, relative } from "node:path";
import * as allure from "allure-js-commons";
import { type BaseMessageTestRuntime, getGlobalTestRuntime } from "allure-js-commons/sdk/runtime";
import { readJournal } from "#harness/evidence/journal";
import type { ClaimEnd } from "#harness/evidence/listeners";
import { LabBroken } from "#harness/model/errors";
import type { Attached, Evidence } from "#harness/model/evidence";
import { type Chapter, type Facts, type Judgement, type Story, tellStory } from "../story.ts";
import { outcomeLabel, statusOf } from "./outcome.ts";

/** An excerpt travels through the test runner's memory; of a longer one the end is kept, where the verdict is. */
const excerptCharacters = 256 * 1024;

const contentTypes: Readonly<Record<string, string>> = {
  ".svg": "image/svg+xml",
  ".txt": "text/plain",
  ".log": "text/plain",
  ".json": "application/json",
  ".jsonl": "text/plain",
  ".yaml": "application/yaml",
  ".html": "text/html",
  ".pcap": "application/vnd.tcpdump.pcap",
};

/**
 * Tells Allure what the journal has of the claim whose test is the current one: epic (the scenario), story (what it
 * proves), severity, versions as parameters, each verdict as a step, the numbers, the picture of the topology, the
 * journal's part about it and the files that explain it. Throws `LabBroken` when the journal cannot be read.
 */
export async function describeClaim(end: ClaimEnd): Promise<void> {
  const entries = readJournal(end.run.folder);
  const story = tellStory(end.run.folder, entries);
  const claim = story.claims.find(({ name }) => name === end.test);
  if (!claim) throw new LabBroken(`its journal has nothing of the claim "${end.test}"`, { who: end.run.id });

  await allure.labels(
    { name: "epic", value: story.started.scenario },
    { name: "story", value: story.started.proves },
    { name: "severity", value: severityOf(claim, story) },
    { name: outcomeLabel, value: end.outcome },
  );
  await allure.description(descriptionOf(claim, story, end));
  for (const [name, value] of parametersOf(story.facts)) await allure.parameter(name, value, { excluded: true });
  for (const judged of claim.judged) await stepOf(judged);
  await attach(claim, story, entries, end.attachments);
}

/**
 * Invariants must hold whatever happens; a claim under a fault is about getting well again; all others are what the
 * cluster is there for.
 */
function severityOf(claim: Chapter, { faults }: Story): "blocker" | "critical" | "normal" {
  if (claim.judged.some(({ mode }) => mode === "always")) return "blocker";
  const underFault = faults.some(({ inflicted }) => inflicted > claim.from && inflicted <= claim.to);
  return underFault ? "normal" : "critical";
}

/** Versions are excluded from Allure's history, so that a claim's history goes on when a version moves. */
function parametersOf(facts: Facts): readonly (readonly [name: string, value: string])[] {
  return [
    ...(facts.kubernetes === undefined ? [] : [["Kubernetes", facts.kubernetes] as const]),
    ...(facts.provisioner === undefined ? [] : [["provisioner", facts.provisioner] as const]),
    ...(facts.machines === undefined ? [] : [["machines", facts.machines] as const]),
    ...(facts.addons ?? []).map(({ name, version }) => [name, version] as const),
    ...(facts.routers ?? []).map(({ node, software }) => [node, software] as const),
  ];
}

function descriptionOf({ measured }: Chapter, story: Story, { because, run }: ClaimEnd): string {
  const rows = measured.map(({ name, value, unit }) => `| ${name} | ${value} ${unit} |`);
  return [
    story.started.proves,
    ...(because === undefined ? [] : [`\`\`\`\n${because}\n\`\`\``]),
    ...(rows.length === 0 ? [] : [["| measured | |", "| --- | --- |", ...rows].join("\n")]),
    `Run \`${run.id}\`, kept in \`${relative(process.cwd(), run.folder)}\`.`,
  ].join("\n\n");
}

/** A step at the time when it was judged; the API's own steps are all of the moment when they are told. */
async function stepOf({ probe, claim, verdict, outcome, since, at }: Judgement): Promise<void> {
  const runtime = getGlobalTestRuntime();
  if (!("sendMessage" in runtime)) return;
  const { sendMessage } = runtime as BaseMessageTestRuntime;
  const message = verdict.is === "met" ? undefined : verdict.is === "unseen" ? verdict.because : told(verdict);
  await sendMessage.call(runtime, { type: "step_start", data: { name: `${probe} ${claim}`, start: since } });
  await sendMessage.call(runtime, {
    type: "step_stop",
    data: { stop: at, status: statusOf[outcome], ...(message !== undefined && { statusDetails: { message } }) },
  });
}

function told({ expected, actual }: { readonly expected: unknown; readonly actual: unknown }): string {
  return `expected: ${JSON.stringify(expected)}\nactual:   ${JSON.stringify(actual)}`;
}

async function attach(
  { from, to, attached, outcome }: Chapter,
  story: Story,
  entries: readonly Evidence[],
  further: readonly Attached[],
): Promise<void> {
  const picture = story.attached.filter(({ name }) => name === "topology.svg");
  const captures = outcome === "conforms" ? [] : capturesSoFar(story.folder);
  const files = new Map([...picture, ...attached, ...further, ...captures].map((each) => [each.file, each.name]));
  for (const [file, name] of files) {
    const path = join(story.folder, file);
    const contentType = contentTypes[extname(file)] ?? "application/octet-stream";
    if (existsSync(path)) await allure.attachmentPath(name, path, { contentType, fileExtension: extname(file) });
  }
  const lines = entries.filter(({ at }) => at > from && at <= to).map((entry) => JSON.stringify(entry));
  await allure.attachment("journal, this claim's part", lines.join("\n").slice(-excerptCharacters), {
    contentType: "text/plain",
    fileExtension: ".jsonl",
  });
}

/** Captures of the segments go on until the run ends; what a red claim can show is what they hold by then. */
function capturesSoFar(folder: string): { readonly name: string; readonly file: string }[] {
  const names = readdirSync(join(folder, "attachments")).filter((name) => name.endsWith(".pcap"));
  return names.sort().map((name) => ({ name, file: join("attachments", name) }));
}
