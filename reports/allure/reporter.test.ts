import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Attachment, StepResult, TestResult } from "allure-js-commons";
import { afterAll, beforeAll, expect, test } from "vitest";
import { startVitest } from "vitest/node";

const here = import.meta.dirname;
const scratch = mkdtempSync(join(tmpdir(), "hardway-allure-"));
const results = new Map<string, TestResult>();
let junit = "";

beforeAll(async () => {
  const resultsDir = join(scratch, "allure-results");
  const { exitCode } = process;
  const vitest = await startVitest("test", [], {
    config: false,
    watch: false,
    root: join(here, "../.."),
    include: ["reports/allure/testdata/claims.ts"],
    setupFiles: [join(here, "setup.ts")],
    reporters: ["junit", [join(here, "reporter.ts"), { resultsDir }]],
    outputFile: { junit: join(scratch, "junit.xml") },
  });
  await vitest.close();
  // Four of the claims are red on purpose; vitest says so with this process's exit code.
  process.exitCode = exitCode;
  for (const file of readdirSync(resultsDir).filter((name) => name.endsWith("-result.json"))) {
    const result: TestResult = JSON.parse(readFileSync(join(resultsDir, file), "utf8"));
    results.set(result.name ?? "", result);
  }
  junit = readFileSync(join(scratch, "junit.xml"), "utf8");
}, 60_000);
afterAll(() => rmSync(scratch, { recursive: true }));

const red =
  "rt-01 holds the Service's address via exactly the three workers, in its adj-RIB-in and in its kernel, with equal weight";
const labelsOf = (result: TestResult | undefined) =>
  Object.fromEntries(result?.labels.map(({ name, value }) => [name, value]) ?? []);
const attachmentsOf = (steps: readonly StepResult[] = []): Attachment[] =>
  steps.flatMap((step) => [...step.attachments, ...attachmentsOf(step.steps)]);

test("every test has a result, and JUnit's file has them too", () => {
  expect(results.size).toBe(12);
  expect(junit).toMatch(/<testsuites name="vitest tests" tests="12" failures="4" errors="0"/);
  expect(junit).toContain("a cut link between k8s-node-03");
});

test.each([
  ["every node is Ready at the pinned version, with the labels of the original", "passed"],
  [red, "failed"],
  ["a cut link between k8s-node-03 and the segment does what a power cut does", "broken"],
  ["a lab that did not come up", "broken"],
  ["a host that lacks a feature", "skipped"],
  ["a host that lacks a feature, found out in the claim", "skipped"],
])("%s: %s", (name, status) => {
  expect(results.get(name)?.status).toBe(status);
});

test("why a test was skipped is told", () => {
  const skipped = results.get("a host that lacks a feature");
  expect(skipped?.description).toBe("this host lacks ipip");
  expect(skipped?.statusDetails.message).toBe("this host lacks ipip");
});

test("a claim has its scenario, what it proves and its severity", () => {
  expect(labelsOf(results.get(red))).toMatchObject({
    epic: "metallb-bgp",
    story:
      "A LoadBalancer Service of a self-built cluster is reachable from outside over routes that its router learnt by BGP.",
    severity: "critical",
  });
  expect(
    labelsOf(results.get("a dead worker is withdrawn within the hold time and its neighbours carry on")),
  ).toMatchObject({ severity: "normal" });
  expect(labelsOf(results.get("always: nothing outside the pool is announced"))).toMatchObject({ severity: "blocker" });
});

test("versions are parameters that do not part a claim from its history", () => {
  const parameters = results.get(red)?.parameters ?? [];
  expect(parameters.map(({ name, value }) => `${name} ${value}`)).toEqual([
    "Kubernetes 1.36.3",
    "provisioner kubeadm",
    "machines container",
    "flannel 0.28.4",
    "coredns 1.15.0",
    "metallb 0.15.3",
    "rt-01 GoBGP 4.8.0 with zebra of FRR 8.4.4",
  ]);
  expect(parameters.every(({ excluded }) => excluded)).toBe(true);
});

test("verdicts are steps", () => {
  const steps = results.get(red)?.steps.map(({ name, status }) => `${status}: ${name}`);
  expect(steps).toEqual(
    expect.arrayContaining([
      "passed: adj-RIB-in of rt-01 holds 172.17.254.1/32 via 172.17.0.21, 172.17.0.22, 172.17.0.23 with AS path 64522",
      "failed: kernel routes of rt-01 has for 172.17.254.1/32 the next hops 172.17.0.21, 172.17.0.22, 172.17.0.23, equal weight",
    ]),
  );
});

test("a step has the time of its verdict, and says what was seen instead", () => {
  const step = results.get(red)?.steps.find(({ status }) => status === "failed");
  expect((step?.stop ?? 0) - (step?.start ?? 0)).toBe(10_020);
  expect(step?.statusDetails).toEqual({ message: expect.stringMatching(/^expected: .*\nactual: {3}/) });
});

test("the picture, the captures and the journal's part are attached", () => {
  const attached = attachmentsOf(results.get(red)?.steps);
  expect(attached.map(({ name }) => name)).toEqual([
    "topology.svg",
    "rt-01-tables.txt",
    "k8s-node-02-journal.txt",
    "capture-k8s.pcap",
    "pods.txt",
    "journal, this claim's part",
  ]);
  const read = (index: number) => readFileSync(join(scratch, "allure-results", attached[index]?.source ?? ""));
  expect(read(0).toString()).toContain("hw-topology");
  expect(read(3).readUInt32LE()).toBe(0xa1b2c3d4);
  const lines = read(5)
    .toString()
    .split("\n")
    .map((line) => JSON.parse(line));
  expect(lines.at(-1)).toMatchObject({ kind: "claim-ended", test: red, outcome: "violates" });
  expect(lines.filter(({ kind }) => kind === "judged")).toHaveLength(2);
});

test("numbers and the reason are in the description", () => {
  expect(results.get("a killed speaker's node is withdrawn and comes back")?.description).toContain(
    "| route withdrawn after | 266 ms |",
  );
  expect(results.get(red)?.description).toContain("differs:  nextHops: missing");
});
