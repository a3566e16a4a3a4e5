import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { Provenance } from "#harness/model/evidence";
import type { Deviation } from "#harness/model/provision";
import { type Ending, readStory, type Story } from "../story.ts";
import { claims } from "./claims.ts";
import { Html, html } from "./html.ts";
import { document, link, section } from "./pieces.ts";
import { style } from "./style.ts";
import { flatJson, moment, quantity, rounded, spoken } from "./text.ts";
import { boot, faults } from "./timelines.ts";

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
  const [findings, onlyHere] = deviations(story);
  return document(
    `${scenario}: ${story.outcome} (${run})`,
    style,
    html`${banner(story)}
<main>
${claims(story)}
${findings}
${numbers(story)}
${faults(story)}
${boot(story)}
${topology(story)}
${onlyHere}
${provenance(story)}
${files(story)}
</main>
<footer>Made by hardway from <a href="journal.jsonl">journal.jsonl</a>. Judge it again without a cluster: <code>npx hardway rejudge ${run}</code></footer>`,
  );
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

function numbers({ claims }: Story): Html | false {
  const measured = claims
    .map((claim, index) => ({ ...claim, ordinal: index + 1 }))
    .filter((c) => c.measured.length > 0);
  if (measured.length === 0) return false;
  const bodies = measured.map(
    ({
      name,
      ordinal,
      measured,
    }) => html`<tbody><tr><th colspan="3" scope="rowgroup"><span class="ordinal">${ordinal}</span> ${name}</th></tr>
${measured.map((m) => html`<tr><td class="what">${m.name}</td><td class="number">${quantity(m.value, m.unit)}</td><td class="detail">${m.detail !== undefined && html`<code>${flatJson(rounded(m.detail))}</code>`}</td></tr>\n`)}</tbody>
`,
  );
  return section(
    "Measured",
    false,
    html`<div class="scroll"><table class="measured"><thead><tr><th>what</th><th class="number">value</th><th>detail</th></tr></thead>${bodies}</table></div>`,
  );
}

function deviations({ facts }: Story): readonly (Html | false)[] {
  const all = facts.deviations ?? [];
  const table = (kind: Deviation["kind"]) => {
    const rows = all
      .filter((deviation) => deviation.kind === kind)
      .map(
        (d) =>
          html`<tr><td class="nowrap">${d.of}</td><td class="what">${d.what}</td><td class="detail">${d.because}</td></tr>\n`,
      );
    return (
      rows.length > 0 &&
      html`<div class="scroll"><table><thead><tr><th>of</th><th>what is different</th><th>because</th></tr></thead><tbody>${rows}</tbody></table></div>`
    );
  };
  const [findings, lab] = [table("finding"), table("lab")];
  return [
    findings &&
      section(
        "Findings",
        "What these versions need to work together, wherever they run: otherwise than upstream's own defaults and manifests have it.",
        findings,
      ),
    lab &&
      section(
        "Only in this lab",
        "What is otherwise than upstream's defaults for the lab's sake, and no matter of these versions.",
        lab,
      ),
  ];
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
