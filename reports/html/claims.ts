import type { Attached } from "#harness/model/evidence";
import type { Chapter, Judgement, Story } from "../story.ts";
import { Html, html } from "./html.ts";
import { link, section } from "./pieces.ts";
import { json, quantity, spoken } from "./text.ts";

/** Every claim with its verdicts; those that did not conform are open. */
export function claims({ claims, folder }: Story): Html {
  if (claims.length === 0) return section("Claims", "No claim was judged.", []);
  return section(
    "Claims",
    false,
    claims.map((claim, index) => chapter(claim, index + 1, folder)),
  );
}

const byName = (a: Attached, b: Attached): number => a.name.localeCompare(b.name);

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
${attached.length > 0 && html`<ul class="chips files">${attached.toSorted(byName).map((file) => html`<li>${link(file, folder)}</li>`)}</ul>`}
</div>
</details>
`;
}

const modes = { reaches: "reached in", holds: "held for", always: "watched for", once: "looked once," } as const;

export function judgement(judged: Judgement): Html {
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
