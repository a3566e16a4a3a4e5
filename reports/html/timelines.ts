import type { Story } from "../story.ts";
import { judgement } from "./claims.ts";
import { type Html, html } from "./html.ts";
import { section } from "./pieces.ts";
import { spoken } from "./text.ts";
import { type Row, timeline } from "./timeline.ts";

/** When each fault was inflicted, was seen to bite and was healed, under the claims of that time. */
export function faults({ faults, claims, boot, to }: Story): Html | false {
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

/** Steps on each machine until the system was ready, and what was wrong with those that failed. */
export function boot({ boot, steps, undone, facts, started }: Story): Html {
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
