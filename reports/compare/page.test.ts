import { join } from "node:path";
import { describe, expect, test } from "vitest";
import type { UpgradeReport } from "#harness/model/upgrade";
import { compare } from "./compare.ts";
import { page } from "./page.ts";
import { readUpgrade } from "./read.ts";
import { inventedRuns } from "./testdata/invented.ts";

const pageOf = (...reports: UpgradeReport[]) => page(compare(reports));
const wordsOf = (text: string) =>
  text
    .replace(/<style>.*?<\/style>/gs, "")
    .replace(/<[^>]*>/g, " ")
    .replace(/\s+/g, " ");

const two = pageOf(inventedRuns.kubeadm(), inventedRuns.byHand());
const six = pageOf(...[1, 2, 3].flatMap((nth) => [inventedRuns.kubeadm(nth), inventedRuns.byHand(nth)]));
/** A hop that failed for real, on a computer that was busy with other labs: three of its users, and a part of what changed. */
const busy = pageOf(readUpgrade(join(import.meta.dirname, "testdata/runs/busy")), inventedRuns.byHand());
/** etcd forwards and back, as it was: on a computer with nothing else to do hardly anybody feels it. */
const rollback = pageOf(readUpgrade(join(import.meta.dirname, "testdata/runs/rollback")));
const stopped = pageOf(inventedRuns.kubeadm(), inventedRuns.skip());

describe.each([
  ["two paths", two],
  ["six runs", six],
  ["a path that is refused", stopped],
  ["a hop that failed for real", busy],
  ["a rollback for real", rollback],
  ["one run", pageOf(inventedRuns.byHand())],
])("the page of %s", (_, text) => {
  test("is self-contained: nothing is loaded, and nothing runs", () => {
    expect(text).not.toMatch(/<(script|link|img|iframe|object|embed)\b|@import|url\(|\son\w+=|javascript:/);
    expect(text).not.toMatch(/(src|href|action)=/);
  });

  test("closes every element that it opens", () => {
    const open: string[] = [];
    for (const [, close, name = ""] of text.matchAll(/<(\/?)([a-z][a-z0-9]*)\b[^>]*>/g)) {
      if (name === "meta" || name === "input") continue;
      if (close) expect(open.pop()).toBe(name);
      else open.push(name);
    }
    expect(open).toEqual([]);
  });

  test("says each id once, and leaves no place empty", () => {
    const ids = [...text.matchAll(/\sid="([^"]*)"/g)].map(([, id]) => id);
    expect(new Set(ids).size).toBe(ids.length);
    expect(text).not.toMatch(/undefined|NaN|\[object|Infinity/);
  });

  test("is told to fit a phone, and to be light or dark", () => {
    expect(text).toContain('<meta name="viewport" content="width=device-width,initial-scale=1">');
    expect(text).toContain('<meta name="color-scheme" content="light dark">');
  });

  test("has no mark outside the drawing", () => {
    for (const [, left, width] of text.matchAll(/style="left:([\d.-]+)%;width:([\d.-]+)%/g)) {
      expect(Number(left)).toBeGreaterThanOrEqual(0);
      expect(Number(width)).toBeGreaterThanOrEqual(0);
      expect(Number(left) + Number(width)).toBeLessThanOrEqual(100.01);
    }
  });

  test("can be sent by mail", () => expect(text.length).toBeLessThan(400_000));
});

describe("a page tells", () => {
  test.each([
    ["the paths", two, "A kubeadm-1.34-1.36 kubeadm, 1.34 to 1.35 to 1.36 with etcd 3.5 to 3.6 first"],
    ["how they went", two, "hops done done claims 2 conforms 1 violates 1 conforms"],
    ["that the noise is unknown", two, "there is one run each, so the noise is unknown"],
    ["that a difference is noise", six, "within the noise"],
    [
      "what a probe cannot tell",
      six,
      "Users ask every 10 ms; an outage's length is known to within 12.2 ms or better.",
    ],
    ["by how much clocks differ", six, "clocks differ by 0 ms at the most"],
    ["which run is drawn", six, "run 1 of 3, the one in the middle"],
    ["the other runs", six, "the other 2 runs of B"],
    [
      "what an outage was",
      two,
      /api-read: \d+ ms from \d:\d\d\.\d, during control plane on k8s-master-0\d \d+ of \d+ requests failed: \d+ timeout/,
    ],
    [
      "what ended a hop",
      stopped,
      "kubeadm: this version of kubeadm only supports upgrades of one minor version at a time",
    ],
    ["what changed where", two, "flag 1 only on A"],
    ["what came of a forecast", stopped, "came true the hop was refused"],
    [
      "how to make it again",
      two,
      "npx hardway compare 20261121-010001-upgrade-kubeadm-aaa1 20261121-020001-upgrade-by-hand-bbb1",
    ],
  ])("%s", (_, text, words) => {
    const told = wordsOf(text).replaceAll("&#39;", "'");
    if (typeof words === "string") expect(told).toContain(words);
    else expect(told).toMatch(words);
  });

  test("a mark for every outage, or for several that nobody could tell apart", () => {
    const marks = (text: string) => text.match(/class="mark"/g)?.length;
    const outages = [inventedRuns.kubeadm(), inventedRuns.byHand()].flatMap(({ streams }) =>
      streams.flatMap((stream) => stream.outages),
    );
    expect(marks(two)).toBeGreaterThanOrEqual(outages.length);
    const [stream] = inventedRuns.kubeadm().streams;
    const at = (from: number) => ({ from, ms: 20, failed: 1, errors: { reset: 1 }, during: [] });
    const near = stream ? [{ ...stream, outages: [at(1000), at(1040), at(9000)] }] : [];
    const text = pageOf({ ...inventedRuns.kubeadm(), streams: near });
    expect(marks(text)).toBe(2);
    expect(wordsOf(text)).toContain("api-read: 2 outages, 40 ms in all from 0:01.0, during no step 2 of");
  });

  test("no colour where chance is not ruled out", () => {
    expect(two).not.toContain('class="number differs"');
    expect(six).toContain('class="number differs"');
  });

  test("markup in what was seen, and does not obey it", () => {
    const report = inventedRuns.skip();
    const hops = report.hops.map((hop) => ({ ...hop, because: "<script>alert(1)</script>" }));
    const text = pageOf({ ...report, hops });
    expect(text).not.toContain("<script>");
    expect(text).toContain("&#60;script&#62;");
  });

  test("that it could not be looked at afterwards", () => {
    const { changes: _, ...blind } = inventedRuns.skip();
    expect(wordsOf(pageOf(inventedRuns.kubeadm(), blind))).toContain("Of B it is not known");
  });

  test("of a machine that was silent, that what changed there is unknown", () => {
    const silent = { kind: "unseen", on: "k8s-master-02", what: "all", after: "no answer" };
    const told = wordsOf(pageOf(inventedRuns.kubeadm(), { ...inventedRuns.skip(), changes: [silent] }));
    expect(told).toContain("flag 1 only on A, 1 on A (unknown on B)");
  });

  test("of a ledger that could not be read back, that what it lost is unknown", () => {
    const unread = (report: UpgradeReport) => ({
      ...report,
      streams: report.streams.map(({ counts, ...stream }) => ({
        ...stream,
        ...(counts?.acknowledged && { counts: { acknowledged: 9 } }),
      })),
    });
    const [one, other] = [inventedRuns.kubeadm(1), inventedRuns.kubeadm(2)];
    expect(wordsOf(pageOf(unread(one)))).toContain("acknowledged and lost, ledger unknown");
    expect(wordsOf(pageOf(unread(one), other))).toContain("acknowledged and lost, ledger 0 unknown of 1 run");
    expect(wordsOf(pageOf(one, other))).not.toContain("unknown of");
  });

  test("of a path that never began what there is", () => {
    const report = inventedRuns.kubeadm();
    const bare = { ...report, hops: [], steps: [], streams: [], forecasts: [], changes: [], verdicts: [] };
    expect(wordsOf(pageOf(bare))).toContain("Nothing was seen to change.");
  });
});
