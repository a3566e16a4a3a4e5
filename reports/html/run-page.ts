import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { Attached, Provenance } from "#harness/model/evidence";
import { type Chapter, type Ending, type Judgement, readStory, type Story } from "../story.ts";
import { Html, html } from "./html.ts";
import { style } from "./style.ts";
import { flatJson, json, moment, quantity, spoken } from "./text.ts";
import { type Row, timeline } from "./timeline.ts";

/** How many claims ended so: "7 conform". */
const counted: Readonly<Record<Ending, string>> = {
  conforms: "conform",
  violates: "violated",
  broken: "broken",
  unsupported: "unsupported",
  unfinished: "unfinished",
};

/** What an outcome says to somebody who reads it for the first time. */
const meaning: Readonly<Record<Ending, string>> = {
  conforms: "everything that was claimed was looked at and is true",
  violates: "the cluster is wrong: something that was claimed is false",
  broken: "the lab is wrong: something could not be judged",
  unsupported: "this host lacks a feature that the scenario needs",
  unfinished: "the journal does not end: the run was killed, or goes on",
};

/**
 * One self-contained page that tells a run, made from its journal alone. Attachments are linked relative to the run's
 * folder, so the page belongs there. Throws `LabBroken` when there is no journal that can be read.
 */
export function runPage(runFolder: string): string {
  const story = readStory(runFolder);
  const { scenario, run } = story.started;
  return html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width,initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>${scenario}: ${story.outcome} (${run})</title>
<style>${new Html(style)}</style>
</head>
<body>
${banner(story)}
<main>
${claims(story)}
${numbers(story)}
${faults(story)}
${boot(story)}
${topology(story)}
${provenance(story)}
${files(story)}
</main>
<footer>Made by hardway from <a href="journal.jsonl">journal.jsonl</a>. Judge it again without a cluster: <code>npx hardway rejudge ${run}</code></footer>
</body>
</html>
`.text;
}

function banner(story: Story): Html {
  const { started, ended, outcome, to, boot, claims, undone } = story;
  const count = (which: Ending) => claims.filter((claim) => claim.outcome === which).length;
  const tallies = (["violates", "broken", "unsupported", "unfinished", "conforms"] as const).filter(count);
  const [date, time] = moment(started.at).split(/ (.*)/);
  return html`<header class="${outcome}"><div>
<p class="eyebrow">${started.scenario}</p>
<h1><span class="verdict">${outcome}</span> <small>${meaning[outcome]}</small></h1>
<p class="proves">${started.proves}</p>
${ended?.because && html`<p class="because">${ended.because}</p>`}
<dl class="tiles">
${tile("claims", tallies.length > 0 ? tallies.map((which) => html`<span class="tally ${which}">${count(which)} ${counted[which]}</span>`) : "none judged")}
${tile(boot.outcome === "conforms" ? "ready after" : "boot, not ready", spoken(boot.to - boot.from))}
${tile("whole run", spoken(to - started.at))}
${undone.length > 0 && tile("teardown", spoken(Math.max(...undone.map(({ at }) => at)) - to))}
${tile(date ?? "", time ?? "")}
</dl>
${versions(story)}
<p class="run">${started.run}</p>
</div></header>`;
}

function tile(name: string, value: Html | string | readonly Html[]): Html {
  return html`<div><dt>${name}</dt><dd>${value}</dd></div>`;
}

function versions({ facts }: Story): Html {
  const named = [
    facts.kubernetes && `Kubernetes ${facts.kubernetes}`,
    facts.provisioner,
    ...(facts.addons ?? []).map(({ name, version }) => `${name} ${version}`),
    ...(facts.routers ?? []).map(({ node, software }) => `${node}: ${software}`),
    facts.machines && `${facts.machines} machines`,
  ];
  return html`<ul class="versions">${named.map((name) => name && html`<li>${name}</li>`)}</ul>`;
}

function section(title: string, note: string | false, body: Html | readonly Html[]): Html {
  return html`<section><h2>${title}</h2>${note && html`<p class="caption">${note}</p>`}
${body}
</section>`;
}

function claims({ claims, folder }: Story): Html {
  if (claims.length === 0) return section("Claims", "No claim was judged.", []);
  return section(
    "Claims",
    false,
    claims.map((claim, index) => chapter(claim, index + 1, folder)),
  );
}

function chapter(
  { name, outcome, because, from, to, judged, measured, attached }: Chapter,
  ordinal: number,
  folder: string,
): Html {
  const open = outcome !== "conforms";
  return html`<details class="claim ${outcome}"${open && new Html(" open")}>
<summary><span class="ordinal">${ordinal}</span><span class="sentence">${name}</span><span class="took">${spoken(to - from)}</span><span class="word">${outcome}</span></summary>
<div class="inside">
${judged.map(judgement)}
${because !== undefined && judged.every((j) => j.outcome === "conforms") && outcome !== "conforms" && html`<pre class="because">${because}</pre>`}
${measured.length > 0 && html`<ul class="chips">${measured.map((m) => html`<li>${m.name} <b>${quantity(m.value, m.unit)}</b></li>`)}</ul>`}
${attached.length > 0 && html`<ul class="chips files">${attached.map((file) => html`<li>${link(file, folder)}</li>`)}</ul>`}
</div>
</details>
`;
}

const modes = { reaches: "reached in", holds: "held for", always: "watched for", once: "looked once," } as const;

function judgement(judged: Judgement): Html {
  const { probe, claim, mode, verdict, outcome, since, at, looks } = judged;
  const times = looks > 1 ? `, ${looks} looks` : "";
  const how = `${verdict.is === "met" ? modes[mode] : "gave up after"} ${spoken(at - since)}${times}`;
  return html`<div class="judged ${outcome}"><p><span class="dot"></span><b>${probe}</b> ${claim} <span class="how">${how}</span></p>
${(verdict.is === "unmet" || verdict.is === "hopeless") && comparison(verdict.expected, verdict.actual)}
${verdict.is === "unseen" && html`<pre class="because">${verdict.because}</pre>`}
</div>
`;
}

/** Both sides as JSON; lines that the other side has not are marked. */
function comparison(expected: unknown, actual: unknown): Html {
  const [left, right] = [json(expected).split("\n"), json(actual).split("\n")];
  const side = (title: string, lines: readonly string[], other: readonly string[]) => {
    const others = new Set(other.map(bare));
    const marked = lines.map((line) => (others.has(bare(line)) ? html`${line}\n` : html`<mark>${line}</mark>\n`));
    return html`<div class="${title}"><h4>${title}</h4><pre>${marked}</pre></div>`;
  };
  return html`<div class="sides">${side("expected", left, right)}${side("actual", right, left)}</div>`;
}

/** A line without the comma that only says whether another one follows. */
function bare(line: string): string {
  return line.replace(/,$/, "");
}

function numbers({ claims }: Story): Html | false {
  const all = claims.flatMap((claim) => claim.measured.map((m, index) => ({ claim, m, first: index === 0 })));
  if (all.length === 0) return false;
  const rows = all.map(
    ({ claim, m, first }) => html`<tr>
${first && html`<th rowspan="${claim.measured.length}" scope="rowgroup">${claim.name}</th>`}<td class="what">${m.name}</td><td class="number">${quantity(m.value, m.unit)}</td><td class="detail">${m.detail !== undefined && html`<code>${flatJson(m.detail)}</code>`}</td>
</tr>`,
  );
  return section(
    "Measured",
    false,
    html`<div class="scroll"><table><thead><tr><th>claim</th><th>what</th><th class="number">value</th><th>detail</th></tr></thead><tbody>${rows}</tbody></table></div>`,
  );
}

function faults({ faults, claims, boot, to }: Story): Html | false {
  if (faults.length === 0) return false;
  const names = [...new Set(faults.map(({ fault }) => fault))];
  const judged: Row = {
    name: "claims",
    bars: claims.map((claim, index) => ({
      label: `${index + 1}`,
      from: claim.from,
      to: claim.to,
      look: claim.outcome,
    })),
  };
  const rows = names.map((name): Row => {
    const spans = faults.filter(({ fault }) => fault === name);
    const bars = spans.map(({ inflicted, bitten, healed }) => ({
      label:
        bitten === undefined
          ? "did not bite"
          : `bit after ${spoken(bitten - inflicted)}${healed === undefined ? ", not healed" : ""}`,
      from: inflicted,
      to: healed ?? to,
      mark: bitten ?? healed ?? to,
      look: "fault",
    }));
    return { name, bars };
  });
  return section(
    "Faults",
    "Seconds since the lab was up. Hatched: inflicted, not yet seen to bite. The row above shows the claims by number.",
    timeline([judged, ...rows], boot.to, to),
  );
}

function boot({ boot, steps, undone, facts, started }: Story): Html {
  if (steps.length === 0) return section("Boot", "No step was run.", []);
  const machines = facts.topology?.nodes.map(({ name }) => name) ?? [];
  const rows = [...new Set([...machines, ...steps.flatMap(({ on }) => on)])].map((name): Row => {
    const own = steps.filter(({ on }) => on.includes(name));
    return {
      name,
      bars: own.map((s) => ({
        label: s.step,
        from: s.at - s.ms,
        to: s.at,
        look: s.error === undefined ? "step" : "violates",
      })),
    };
  });
  const ready: Row = {
    name: "ready",
    bars: boot.judged.map((j) => ({ label: `${j.probe} ${j.claim}`, from: j.since, to: j.at, look: j.outcome })),
  };
  const failures = [...steps, ...undone].filter(({ error }) => error !== undefined);
  return section("Boot", "Steps on each machine, in seconds since the run began.", [
    timeline([...rows, ...(ready.bars.length > 0 ? [ready] : [])], started.at, boot.to),
    ...failures.map(
      (s) =>
        html`<div class="judged violates"><p><span class="dot"></span><b>${s.step}</b> ${s.on.join(", ")} failed after ${spoken(s.ms)}</p><pre class="because">${s.error}</pre></div>`,
    ),
    ...boot.judged.filter((j) => j.outcome !== "conforms").map(judgement),
  ]);
}

function topology({ folder, attached }: Story): Html | false {
  const picture = attached.find(({ name }) => name === "topology.svg");
  const file = picture && join(folder, picture.file);
  if (!file || !existsSync(file)) return false;
  return section("Topology", false, html`<div class="scroll picture">${new Html(readFileSync(file, "utf8"))}</div>`);
}

function provenance({ facts }: Story): Html | false {
  const artifacts = facts.artifacts ?? [];
  if (artifacts.length === 0) return false;
  const rows = artifacts.map(
    (a) =>
      html`<tr><th scope="row">${a.name}</th><td>${a.version}</td><td class="nowrap">${a.provider}</td><td class="detail">${a.from}${refusals(a)}</td><td><code title="${a.sha256}">${a.sha256.slice(0, 12)}</code></td></tr>`,
  );
  return section(
    "Programs",
    "Providers are asked in order; the first that can, provides. What the others said is kept.",
    html`<div class="scroll"><table><thead><tr><th>program</th><th>version</th><th>provider</th><th>from</th><th>SHA-256</th></tr></thead><tbody>${rows}</tbody></table></div>`,
  );
}

function refusals({ refusals }: Provenance): Html | false {
  if (refusals.length === 0) return false;
  const lines = refusals.map(({ provider, because }) => html`<li><b>${provider}</b>: ${because}</li>`);
  return html`<details class="refusals"><summary>${refusals.length} refused</summary><ul>${lines}</ul></details>`;
}

function files({ attached, folder }: Story): Html | false {
  if (attached.length === 0) return false;
  return section(
    "Evidence",
    false,
    html`<ul class="chips files"><li><a href="journal.jsonl">journal.jsonl</a></li>${attached.map((file) => html`<li>${link(file, folder)}</li>`)}</ul>`,
  );
}

/** A file that a full disk or somebody's broom took away is named, not linked. */
function link({ name, file }: Attached, folder: string): Html {
  if (!existsSync(join(folder, file))) return html`<s title="the file is gone">${name}</s>`;
  const href = file.split("/").map(encodeURIComponent).join("/");
  return html`<a href="${href}">${name}</a>`;
}
