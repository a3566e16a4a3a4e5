import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { readJournal } from "../evidence/journal.ts";
import { silentProgress } from "../host/progress.ts";
import { LabBroken } from "../model/errors.ts";
import type { TaskRan } from "../model/evidence.ts";
import { createRun, type OwnedRun } from "../run/create.ts";
import { type AnsibleEnvironment, ansibleEnvironment } from "./environment.ts";
import { type Playbook, runPlaybook } from "./playbook.ts";

/** Real Ansible, on this computer as two hosts. */
describe.each(["linear", "mitogen"] as const)("a playbook under the strategy %s", (strategy) => {
  let environment: AnsibleEnvironment;
  let folder: string;
  let run: OwnedRun;
  beforeAll(async () => {
    const requirements = ["ansible==11.13.0", "mitogen==0.3.54"];
    environment = await ansibleEnvironment(requirements, { progress: silentProgress });
    folder = mkdtempSync(join(tmpdir(), "hardway-playbook-"));
    run = createRun({ scenario: "playbook", root: folder });
    const host = { ansible_connection: "local", ansible_python_interpreter: join(environment.folder, "bin/python") };
    writeFileSync(join(folder, "inventory.yaml"), JSON.stringify({ all: { hosts: { one: host, two: host } } }));
    writeFileSync(join(folder, "ssh_config"), "");
  }, 600_000);
  afterAll(async () => {
    await run.end();
    rmSync(folder, { recursive: true });
  });

  const play = (playbook: string, more: Partial<Playbook> = {}, signal?: AbortSignal) =>
    runPlaybook(
      {
        ...{ environment, strategy, playbook, project: join(import.meta.dirname, "testdata"), within: "60s" },
        ...{ inventory: join(folder, "inventory.yaml"), sshConfig: join(folder, "ssh_config") },
        ...more,
      },
      { run, ...(signal && { signal }) },
    );
  const tasks = () => readJournal(run.folder).filter((entry): entry is TaskRan => entry.kind === "task-ran");
  const sleepers = () => execFileSync("sh", ["-c", "pgrep -fc '[s]leep 47.11' || true"], { encoding: "utf8" }).trim();

  test("one that fails tells task, host, what was said and where its log is; every task is in the journal", async () => {
    const thrown = await play("everything.yml").catch((error) => error);
    expect(thrown).toBeInstanceOf(LabBroken);
    expect(thrown.particulars.who).toBe("two");
    expect(thrown.message).toContain('failed at the task "A loop with one that fails"');
    expect(thrown.particulars.seen).toContain("2 token (secret)");
    expect(readFileSync(thrown.particulars.look, "utf8")).toContain("Never on two");
    expect(readFileSync(thrown.particulars.look, "utf8")).not.toContain("abcdef.0123456789abcdef");
    expect(tasks().map(({ task }) => task)).toContain("Changed on one");
  });

  test("limited to a host, it ends well", async () => {
    const { hosts } = await play("everything.yml", { limit: ["one"] });
    expect(hosts).toMatchObject({ one: { failures: 0, ignored: 1, rescued: 1 } });
  });

  test("a play that takes too long is named, with its task, and nothing of it goes on", async () => {
    const thrown = await play("slow.yml", { playWithin: "4s" }).catch((error) => error);
    expect(thrown.message).toContain('the play "One that takes long" of slow.yml was not done within 4s');
    expect(thrown.message).toContain('the task "Sleeps"');
    expect(sleepers()).toBe("0");
  });

  test("an abort ends all that it started", async () => {
    const why = new Error("enough");
    const abort = new AbortController();
    setTimeout(() => abort.abort(why), 4000);
    await expect(play("slow.yml", {}, abort.signal)).rejects.toBe(why);
    expect(sleepers()).toBe("0");
  });
});
