import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test, vi } from "vitest";
import { openJournal } from "../evidence/journal.ts";
import { printed } from "../vitest/printed.ts";
import { rejudgeRun } from "./rejudge.ts";

test("a stored run is judged again by the checks of fixtures and of scenarios, whose names differ", async () => {
  const folder = mkdtempSync(join(tmpdir(), "hardway-rejudge-"));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const journal = openJournal(folder);
  const probes = [
    { probe: "clocks", seen: { "m-1": 0, "m-2": 700 }, check: { name: "clocksAgree", args: [500] } },
    { probe: "static pods", seen: { uid: "1", container: "c", pid: "7" }, check: { name: "staticPodShown", args: [] } },
  ];
  for (const { probe, seen, check } of probes) {
    journal.write({ kind: "observed", at: 10, probe, ms: 1, seen });
    journal.write({
      ...{ kind: "judged", at: 11, test: "a claim", probe, claim: "holds", mode: "once", check },
      ...{ since: 10, verdict: { is: "met" }, outcome: "conforms" },
    });
  }
  const said = printed();
  onTestFinished(() => void vi.restoreAllMocks());
  expect(await rejudgeRun(folder)).toBe(1);
  expect(said.out).toContain("✗ clocks agree to 500 ms  (was conforms, is violates)");
  expect(said.out).toContain("✓ static pods is in the API, in a container and in a process\n");
});
