import { join } from "node:path";
import { expect, test } from "vitest";
import { readJournal } from "#harness/evidence/journal";
import { readStory, tellStory } from "./story.ts";

const folder = join(import.meta.dirname, "testdata/run");
const story = readStory(folder);

test("claims stand in their order, with their outcomes", () => {
  expect(story.outcome).toBe("violates");
  expect(story.claims.map(({ outcome }) => outcome)).toEqual([
    ...["conforms", "conforms", "conforms", "violates", "conforms", "conforms", "conforms", "broken", "conforms"],
  ]);
});

test("a claim lasts from the end of the one before, and what was attached meanwhile is its own", () => {
  const [, , third, fourth] = story.claims;
  expect(fourth?.from).toBe(third?.to);
  expect(fourth?.attached.map(({ name }) => name)).toEqual([
    ...["rt-01-tables.txt", "k8s-node-02-journal.txt", "capture-k8s.pcap", "pods.txt"],
  ]);
  expect(third?.attached).toEqual([]);
});

test("a judgement knows how often was looked and what was seen last", () => {
  const red = story.claims[3]?.judged.find(({ outcome }) => outcome === "violates");
  expect(red?.looks).toBe(22);
  expect(red?.last?.seen).toEqual([expect.objectContaining({ prefix: "172.17.254.1/32" })]);
});

test("readiness is the boot's, not a claim", () => {
  expect(story.boot.outcome).toBe("conforms");
  expect(story.boot.judged.map(({ probe }) => probe)).toEqual([
    "DaemonSet kube-flannel",
    "DaemonSet speaker",
    "Deployment controller",
  ]);
  expect(story.boot.to - story.boot.from).toBe(17_810);
});

test("undoing is no part of the boot, nor of the run's length", () => {
  expect(story.undone.map(({ step }) => step)).toEqual(["undo: API forwarder", "undo: machines"]);
  expect(story.steps.map(({ step }) => step)).not.toContain("undo: machines");
  expect(story.to).toBe(story.ended?.at);
});

test("faults have their bite and their end", () => {
  const [first] = story.faults;
  expect(story.faults).toHaveLength(3);
  expect(first?.fault).toBe("kill of speaker on k8s-node-01");
  expect((first?.bitten ?? 0) - (first?.inflicted ?? 0)).toBe(110);
});

test("a file that is attached twice is told once", () => {
  const entries = readJournal(folder);
  const doubled = [...entries, ...entries.filter((entry) => entry.kind === "attached")];
  expect(tellStory(folder, doubled).attached).toEqual(story.attached);
});

test("a run that was killed is unfinished, and so is the claim it was at", () => {
  const entries = readJournal(folder);
  const killed = entries.slice(
    0,
    entries.findIndex((entry) => entry.kind === "judged" && entry.outcome === "violates"),
  );
  const half = tellStory(folder, killed);
  expect(half.outcome).toBe("unfinished");
  expect(half.claims.map(({ outcome }) => outcome)).toEqual(["conforms", "conforms", "conforms", "unfinished"]);
});

test("a boot that broke has the run's outcome", () => {
  const entries = readJournal(folder).slice(0, 8);
  const broken = tellStory(folder, [
    ...entries,
    { kind: "run-ended", at: Date.now(), outcome: "broken", because: "no boot" },
  ]);
  expect(broken.boot.outcome).toBe("broken");
  expect(broken.claims).toEqual([]);
});

test("what is no journal is refused", () => {
  expect(() => tellStory("/run", [])).toThrow("/run: its journal does not say which run it is of");
  expect(() => readStory("/nowhere")).toThrow("/nowhere: has no journal that can be read");
});
