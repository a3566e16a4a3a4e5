import { setTimeout as sleep } from "node:timers/promises";
import { expect, test, vi } from "vitest";
import { LabBroken } from "../model/errors.ts";
import type { Evidence } from "../model/evidence.ts";
import type { CommandOptions, CommandResult, Machine } from "../model/machines.ts";
import type { Step } from "../model/provision.ts";
import type { Run } from "../model/run.ts";
import { runSteps } from "./run-steps.ts";

function lab(answer: (command: string, options: CommandOptions) => Promise<Partial<CommandResult>> = async () => ({})) {
  const journal: Evidence[] = [];
  const said: string[] = [];
  const machine = (name: string): Machine => {
    const sh = async (command: string | readonly string[], options: CommandOptions = {}): Promise<CommandResult> => ({
      command: String(command),
      exitCode: 0,
      stdout: "",
      stderr: "",
      ms: 1,
      ...(await answer(String(command), options)),
    });
    return { name, sh: Object.assign(sh, { start: vi.fn() }), put: vi.fn() } as unknown as Machine;
  };
  const run = {
    journal: { write: (entry: Evidence) => void journal.push(entry) },
    signal: new AbortController().signal,
  } as unknown as Run;
  const progress = {
    begin: (what: string, on?: string) => ({
      note: () => {},
      done: () => void said.push(`${what} on ${on}`),
      failed: (why: string) => void said.push(`${what} on ${on}: ${why}`),
    }),
  };
  const machines = new Map(["master", "node-01", "node-02"].map((name) => [name, machine(name)]));
  return { journal, said, context: { run, machines, progress } };
}

const step = (name: string, on: string, run: Step["run"], within: Step["within"] = "5s"): Step => ({
  name,
  on: [on],
  within,
  run,
});

test("steps run in order, inner lists at once, and each is journalled", async () => {
  const { context, journal, said } = lab();
  const both = Promise.withResolvers<void>();
  let inside = 0;
  const meet = async () => {
    if (++inside === 2) both.resolve();
    await both.promise;
  };
  await runSteps(
    [step("init", "master", async () => {}), [step("join", "node-01", meet), step("join", "node-02", meet)]],
    context,
  );
  expect(said).toEqual(["init on master", "join on node-01", "join on node-02"]);
  expect(journal).toMatchObject([
    { kind: "step-done", step: "init", on: ["master"] },
    { kind: "step-done", step: "join", on: ["node-01"] },
    { kind: "step-done", step: "join", on: ["node-02"] },
  ]);
});

test("a step that is not finished in time says which, where, for how long, what it did last and where to look", async () => {
  const { context, said, journal } = lab((command, { signal }) =>
    command === "echo ready"
      ? Promise.resolve({ stdout: "ready\n" })
      : new Promise((_, reject) => signal?.addEventListener("abort", () => reject(new Error("killed")))),
  );
  const hang = step(
    "kubeadm join",
    "node-01",
    async ({ machine }) => {
      await machine("node-01").sh("echo ready");
      await machine("node-01").sh("kubeadm join --config /etc/kubernetes/kubeadm.yaml");
    },
    "200ms",
  );
  const error = await runSteps([hang], context).catch((error) => error);
  expect(error).toBeInstanceOf(LabBroken);
  expect(error.message).toMatch(/^node-01: the step "kubeadm join" failed: not finished within 200ms\n/);
  expect(error.particulars).toMatchObject({
    waitedMs: expect.any(Number),
    seen: "node-01$ kubeadm join --config /etc/kubernetes/kubeadm.yaml",
    look: "journalctl -b on node-01 (hardway shell node-01)",
  });
  expect(error.particulars.waitedMs).toBeGreaterThan(190);
  expect(said).toEqual(["kubeadm join on node-01: not finished within 200ms"]);
  expect(journal[0]).toMatchObject({ step: "kubeadm join", error: expect.stringContaining("not finished within") });
});

test("of a step on several machines that is not finished in time the commands that hang are told", async () => {
  const { context } = lab((command, { signal }) =>
    command === "echo ready"
      ? sleep(20).then(() => ({ stdout: "ready\n" }))
      : new Promise((_, reject) => signal?.addEventListener("abort", () => reject(new Error("killed")))),
  );
  const both: Step = {
    name: "etcd",
    on: ["master", "node-01"],
    within: "200ms",
    run: async ({ machine }) => {
      await Promise.all([machine("node-01").sh("until healthy"), machine("master").sh("echo ready")]);
    },
  };
  const error = await runSteps([both], context).catch((error) => error);
  expect(error.message).toMatch(/^master, node-01: the step "etcd" failed: not finished within 200ms\n/);
  expect(error.particulars.seen).toBe("node-01$ until healthy");
});

test("the first failure of steps that run at once aborts the others and is the one that is told", async () => {
  const { context } = lab();
  let aborted = false;
  const patient = step(
    "join",
    "node-02",
    ({ signal }) =>
      new Promise((_, reject) => {
        signal.addEventListener("abort", () => {
          aborted = true;
          reject(signal.reason);
        });
      }),
  );
  const failing = step("join", "node-01", async () => {
    throw new Error("no route to host");
  });
  await expect(runSteps([[patient, failing]], context)).rejects.toThrow(
    'node-01: the step "join" failed: no route to host',
  );
  expect(aborted).toBe(true);
});

test("it stops after a named step, and a name that no step has is refused with those that there are", async () => {
  const { context, said } = lab();
  const plan = ["init", "join", "label"].map((name) => step(name, "master", async () => {}));
  await runSteps(plan, { ...context, until: "join" });
  expect(said).toEqual(["init on master", "join on master"]);
  await expect(runSteps(plan, { ...context, until: "jion" })).rejects.toThrow(
    'the step to stop after, "jion", is misdeclared:\n  - it is none of the plan\'s steps: init, join, label',
  );
});

test("what a command said that holds a secret is not told of a step that fails after it", async () => {
  const { context } = lab(async () => ({ stdout: "abcdef.0123456789abcdef\n" }));
  const join = step("join", "master", async ({ machine }) => {
    await machine("master").sh("kubeadm token create", { secret: true });
    throw new Error("no such token");
  });
  const error = await runSteps([join], context).catch((error) => error);
  expect(error.particulars.seen).toBe("master$ kubeadm token create\n(not kept: it holds a secret)");
});
