import { glob, stat } from "node:fs/promises";
import { join, resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { rejudge } from "../evidence/rejudge.ts";
import { worst } from "../judging/outcome.ts";
import { LabBroken } from "../model/errors.ts";
import { exitCodes } from "./exit.ts";
import { print } from "./print.ts";
import { project } from "./scenarios.ts";

const marks = { conforms: "✓", violates: "✗", broken: "!", unsupported: "-" } as const;

/** Judges a stored run again and prints every verdict, with what it was where that changed. The exit code is the worst of them. */
export async function rejudgeRun(run: string): Promise<number> {
  const folder = await folderOf(run);
  await defineChecks();
  const results = rejudge(folder);
  let test: string | undefined;
  for (const { test: of, claim, was, now, verdict } of results) {
    if (of !== test) print(of);
    test = of;
    print(`  ${marks[now]} ${claim}${was === now ? "" : `  (was ${was}, is ${now})`}`);
    if (verdict.is === "unseen") print(`      unseen: ${verdict.because}`);
    else if (verdict.is !== "met") {
      print(`      expected ${JSON.stringify(verdict.expected)}\n      actual   ${JSON.stringify(verdict.actual)}`);
    }
  }
  const outcome = worst(...results.map(({ now }) => now));
  const changed = results.filter(({ was, now }) => was !== now).length;
  print(`${results.length} verdicts, ${changed} changed: ${outcome}`);
  if (results.length === 0) throw new LabBroken("nothing was judged in this run", { who: folder });
  return exitCodes[outcome];
}

async function folderOf(run: string): Promise<string> {
  for (const folder of [resolve(run), join(project, "reports/runs", run)]) {
    if (await stat(join(folder, "journal.jsonl")).catch(() => undefined)) return folder;
  }
  throw new LabBroken("no such run is stored", {
    who: run,
    seen: "neither it nor reports/runs/ of that name holds a journal.jsonl",
    look: "ls reports/runs",
  });
}

/** Imports all that may define a check: what boots a lab, every fixture, and what scenarios claim. */
async function defineChecks(): Promise<void> {
  await import("../run/boot.ts");
  for await (const file of glob("{fixtures,scenarios}/**/*.ts", {
    cwd: project,
    exclude: ["**/*.test.ts", "fixtures/gomod/**"],
  })) {
    await import(pathToFileURL(join(project, file)).href);
  }
}
