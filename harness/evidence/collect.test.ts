import { execFile } from "node:child_process";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterEach, beforeEach, expect, test } from "vitest";
import type { Kube } from "../model/kube.ts";
import type { CommandOptions, Machine } from "../model/machines.ts";
import type { Journal } from "../model/run.ts";
import { collect, kubeEvidence, machineEvidence } from "./collect.ts";
import { openJournal, readJournal } from "./journal.ts";

let folder: string;
let journal: Journal;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "hardway-collect-"));
  journal = openJournal(folder);
});
afterEach(() => rmSync(folder, { recursive: true }));

const kept = () => readdirSync(join(folder, "attachments")).sort();
const text = (name: string) => readFileSync(join(folder, "attachments", name), "utf8");
const soon = { name: "evidence", within: "50ms", because: "a test does not wait" } as const;

test("each collector keeps what it has, and failures are evidence too", async () => {
  const began = performance.now();
  await collect(
    [
      { name: "rt-01", collect: async (keep) => keep("rt-01-routes.txt", "default via 172.17.0.1") },
      {
        name: "k8s-node-02",
        collect: async (keep) => {
          keep("k8s-node-02-state.txt", "half");
          throw new Error("its power is cut");
        },
      },
      {
        name: "k8s-node-03",
        collect: (keep, signal) =>
          new Promise(() => signal.addEventListener("abort", () => setTimeout(keep, 0, "late.txt", "too late"))),
      },
    ],
    { run: { journal }, budget: soon },
  );
  expect(performance.now() - began).toBeLessThan(1000);
  await new Promise((done) => setTimeout(done, 20));
  expect(kept()).toEqual([
    "k8s-node-02-not-collected.txt",
    "k8s-node-02-state.txt",
    "k8s-node-03-not-collected.txt",
    "rt-01-routes.txt",
  ]);
  expect(text("k8s-node-02-not-collected.txt")).toBe("its power is cut");
  expect(text("k8s-node-03-not-collected.txt")).toBe("not done within 50ms: a test does not wait");
  expect(readJournal(folder)).toHaveLength(4);
});

test("a collector that throws at once harms nobody", async () => {
  const broken = {
    name: "x",
    collect: () => {
      throw new Error("bug");
    },
  };
  await collect([broken], { run: { journal } });
  expect(text("x-not-collected.txt")).toBe("bug");
});

const router = { software: { tables: ["echo 'it''s' a table", "exit 3", "no-such-daemon --tables"] } };

/** This computer as a machine: the script is run for real. */
const here = {
  name: "rt-01",
  node: { router },
  sh: async (command: string, _: CommandOptions) =>
    promisify(execFile)("/bin/sh", ["-c", command]).catch((error) => error),
} as unknown as Machine;

test("a machine's state comes in sections, and a command that is not there says so", async () => {
  await collect([machineEvidence(here)], { run: { journal } });
  expect(kept()).toEqual(["rt-01-journal.txt", "rt-01-software.txt", "rt-01-state.txt"]);
  expect(text("rt-01-state.txt")).toMatch(/==== ip rule\n[\s\S]*==== free -m\n/);
  expect(text("rt-01-software.txt")).toMatch(
    /^==== echo 'it''s' a table\nits a table\n\n==== exit 3\n\n==== no-such-daemon --tables\n.*not found\n\n$/,
  );
});

const pod = (name: string, restartCount: number) => ({
  apiVersion: "v1",
  kind: "Pod",
  metadata: { namespace: "metallb-system", name },
  spec: { nodeName: "k8s-node-01", containers: [{ name: "speaker" }] },
  status: {
    phase: "Running",
    podIP: "172.17.0.21",
    containerStatuses: [{ name: "speaker", ready: true, restartCount }],
  },
});

const event = {
  apiVersion: "v1",
  kind: "Event",
  metadata: { namespace: "default", name: "e1" },
  type: "Warning",
  reason: "AllocationFailed",
  message: "no available IPs",
  lastTimestamp: "2026-11-20T18:00:00Z",
  involvedObject: { kind: "Service", namespace: "default", name: "web" },
};

test("a cluster's pods, events and logs, those before a restart too", async () => {
  const kube = {
    list: async ({ kind }: { kind: string }) =>
      kind === "Pod" ? [pod("speaker-b", 1), pod("speaker-a", 0)] : kind === "Event" ? [event] : [],
    logs: async ({ name, previous }: { name: string; previous?: boolean }) => {
      if (name === "speaker-a") throw new Error("container is creating");
      return previous ? "panic: oh" : "started";
    },
  } as unknown as Kube;
  await collect([kubeEvidence(kube)], { run: { journal } });
  expect(text("cluster-pods.txt")).toBe(
    "metallb-system/speaker-a  1/1  Running  0 restarts  172.17.0.21  k8s-node-01\n" +
      "metallb-system/speaker-b  1/1  Running  1 restarts  172.17.0.21  k8s-node-01\n",
  );
  expect(text("cluster-events.txt")).toBe(
    "2026-11-20T18:00:00Z  Warning  AllocationFailed  Service default/web  no available IPs\n",
  );
  expect(text("cluster-logs.txt").split("\n").filter(Boolean)).toEqual([
    "==== metallb-system/speaker-b speaker, before its restart",
    "panic: oh",
    "==== metallb-system/speaker-b speaker",
    "started",
    "==== metallb-system/speaker-a speaker",
    "Error: container is creating",
  ]);
  expect(existsSync(join(folder, "attachments/cluster-nodes.json"))).toBe(true);
});

test("an API that does not answer costs only what it would have told", async () => {
  const refused = async () => {
    throw new Error("connect ECONNREFUSED");
  };
  await collect([kubeEvidence({ list: refused, logs: refused } as unknown as Kube)], { run: { journal } });
  expect(text("cluster-not-collected.txt")).toBe("Error: connect ECONNREFUSED");
});
