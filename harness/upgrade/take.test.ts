import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { expect, onTestFinished, test } from "vitest";
import { LabBroken } from "#harness/model/errors";
import type { Evidence } from "#harness/model/evidence";
import type { ClusterRecipe, Step } from "#harness/model/provision";
import type { Lab } from "#harness/model/scenario";
import type { UpgradePath } from "#harness/model/upgrade";
import { thisOwner } from "../run/owner.ts";
import { Refused } from "./refused.ts";
import { reportFile, takePath, type Watching } from "./take.ts";

const path: UpgradePath = {
  name: "made-up",
  title: "made up",
  provisioner: "kubeadm",
  from: { kubernetes: "1.34.4", etcd: "3.6.16", containerd: "2.2.9", cni: "0.28.4" },
  hops: [{ to: { kubernetes: "1.35.4" } }, { to: { kubernetes: "1.36.3" } }],
  workers: { atOnce: 1 },
  drain: true,
};

const silent = { begin: () => ({ note() {}, done() {}, failed() {} }) };

function labAt(folder: string): { lab: Lab; journal: Evidence[] } {
  const journal: Evidence[] = [];
  const sh = async () => ({ command: "", exitCode: 0, stdout: `${thisOwner().boot}\n1000000`, stderr: "", ms: 1 });
  const run = {
    id: "run-1",
    scenario: "made-up",
    folder,
    journal: { write: (entry: Evidence) => journal.push(entry), attach: (name: string) => name },
    signal: new AbortController().signal,
  };
  const machine = { name: "m1", node: {}, sh, put: async () => {} };
  return { lab: { run, topology: { nodes: [], segments: [] }, nodes: { m1: machine } } as unknown as Lab, journal };
}

/** Takes the path with a first hop that does this. */
async function take(
  firstHop: Step["run"],
  { leave = async () => {}, ...more }: Partial<Watching<number>> & { readonly leave?: () => Promise<void> } = {},
) {
  const folder = mkdtempSync(join(tmpdir(), "hardway-take-"));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const { lab, journal } = labAt(folder);
  const asked: string[] = [];
  const step = (name: string, run: Step["run"]): Step => ({ name, on: ["m1"], within: "1s", run });
  const cluster = {
    provisioner: {
      name: "kubeadm",
      upgrade: (_: UpgradePath, hop: number) => [
        hop === 0 ? step("etcd on m1", firstHop) : step("worker m1", async () => void asked.push("second hop")),
      ],
    },
  } as unknown as ClusterRecipe;
  let looks = 0;
  const report = await takePath(lab, cluster, path, {
    users: {
      begin: async () => {
        asked.push("users begin");
        const began = Date.now();
        return {
          began,
          end: async () => {
            asked.push("users end");
            const at = (n: number) => began + n * 10;
            return [
              {
                name: "api-read",
                what: "GET",
                from: "m1",
                everyMs: 10,
                asked: [0, 1, 2].map((n) => ({ due: at(n), at: at(n), ms: 1 })),
              },
            ];
          },
          async [Symbol.asyncDispose]() {
            await leave();
            asked.push("users gone");
          },
        };
      },
    },
    inventory: async () => {
      asked.push("stock");
      return ++looks;
    },
    changes: (before, after) => [{ kind: "version", on: "m1", what: "looks", before: `${before}`, after: `${after}` }],
    forecast: async (_, __, hop) => [{ severity: "changes", hop, kind: "made-up", says: "So." }],
    progress: silent,
    quiet: "20ms",
    ...more,
  });
  return { report, asked, journal, written: JSON.parse(readFileSync(join(folder, reportFile), "utf8")) };
}

test("a path is taken while users are at work, and the report tells all of it", async () => {
  const { report, asked, written, journal } = await take(async () => {});
  expect(asked).toEqual(["stock", "users begin", "second hop", "users end", "users gone", "stock"]);
  expect(report.hops).toMatchObject([
    { title: "kubernetes 1.34.4 → 1.35.4", ended: "done" },
    { title: "kubernetes 1.35.4 → 1.36.3", ended: "done" },
  ]);
  expect(report.steps).toMatchObject([
    { hop: 0, name: "etcd on m1", on: ["m1"] },
    { hop: 1, name: "worker m1" },
  ]);
  expect(report.forecasts.map(({ hop }) => hop)).toEqual([0, 1]);
  expect(report.changes).toEqual([{ kind: "version", on: "m1", what: "looks", before: "1", after: "2" }]);
  expect(report.streams).toMatchObject([{ name: "api-read", requests: 3, failed: 0 }]);
  expect(report.clockErrorMs).toBe(0);
  const { before, during, after } = report.phases;
  expect(before.ms).toBeGreaterThanOrEqual(15);
  expect(during.from).toBeGreaterThanOrEqual(before.from + before.ms);
  expect(after.from).toBeGreaterThanOrEqual(during.from + during.ms);
  expect(written).toEqual(JSON.parse(JSON.stringify(report)));
  expect(journal.some((entry) => entry.kind === "attached" && entry.file === reportFile)).toBe(true);
});

test("parts of a step are told with it, and their time is not the harness's own", async () => {
  const { report } = await take(async ({ part }) => {
    const from = Date.now();
    await pause(300);
    part?.({ name: "Install etcd", group: "etcd", on: ["m1"], from, ms: Date.now() - from, changed: true });
  });
  const [etcd, worker] = report.steps;
  expect(etcd?.parts).toMatchObject([{ name: "Install etcd", group: "etcd", on: ["m1"], changed: true }]);
  expect(etcd?.parts?.[0]?.from).toBeGreaterThanOrEqual(etcd?.from ?? Number.POSITIVE_INFINITY);
  expect(worker).not.toHaveProperty("parts");
  expect(report.overheadMs).toBeLessThan(report.phases.during.ms - 250);
});

test("a hop that fails is an outcome: what comes after it is skipped, users are watched on, and the report is whole", async () => {
  const { report, asked } = await take(async () => {
    throw new LabBroken("etcd did not come back", { who: "m1", seen: "invalid value" });
  });
  expect(report.hops.map(({ ended }) => ended)).toEqual(["failed", "skipped"]);
  expect(report.hops[0]?.because).toMatch(/the step "etcd on m1" failed: .*etcd did not come back/);
  expect(report.steps).toMatchObject([
    { name: "etcd on m1", error: expect.stringContaining("etcd did not come back") },
  ]);
  expect(asked).toEqual(["stock", "users begin", "users end", "users gone", "stock"]);
});

test("a hop whose step overruns its budget fails, and is no hang", async () => {
  const { report } = await take(() => new Promise(() => {}));
  expect(report.hops[0]).toMatchObject({ ended: "failed", because: expect.stringContaining("not finished within 1s") });
});

test("a tool that says no before it changed anything refuses", async () => {
  const { report } = await take(async () => {
    throw new Refused("kubeadm refuses", { seen: "can not skip" });
  });
  expect(report.hops.map(({ ended }) => ended)).toEqual(["refused", "skipped"]);
});

test("a cluster that cannot be looked at afterwards has no changes to tell, rather than none", async () => {
  let looks = 0;
  const inventory = async () => {
    looks += 1;
    if (looks > 1) throw new LabBroken("the API does not answer");
    return looks;
  };
  const { report } = await take(async () => {}, { inventory });
  expect("changes" in report).toBe(false);
});

test("users that are not served before anything is done break the lab", async () => {
  const users = { begin: () => Promise.reject(new LabBroken("nobody answers", { who: "load-balancer" })) };
  await expect(take(async () => {}, { users })).rejects.toThrow("nobody answers");
});

test("users whose things stay in a cluster that a hop has broken cost the report nothing; in a sound one they do", async () => {
  const leave = () => Promise.reject(new LabBroken("PersistentVolume ledger: is still there"));
  const breaks = () => Promise.reject(new LabBroken("the kubelet does not come back"));
  const { report, journal } = await take(breaks, { leave });
  expect(report.hops.map(({ ended }) => ended)).toEqual(["failed", "skipped"]);
  expect(journal).toContainEqual(
    expect.objectContaining({ step: "users leave", error: expect.stringContaining("is still there") }),
  );
  await expect(take(async () => {}, { leave })).rejects.toThrow("is still there");
});
