import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { html } from "./html.ts";
import { runPage } from "./run-page.ts";
import { json, quantity, spoken } from "./text.ts";
import { timeline } from "./timeline.ts";

const folder = join(import.meta.dirname, "../testdata/run");

describe("the page of a run", () => {
  const page = runPage(folder);
  const words = page
    .replace(/<style>.*?<\/style>/gs, "")
    .replace(/<[^>]*>/g, " ")
    .replace(/\s+/g, " ");

  test.each([
    ["the outcome and its reason", "violates the cluster is wrong: something that was claimed is false"],
    ["what it proves", "is reachable from outside over routes that its router learnt by BGP."],
    [
      "how many claims ended how",
      "1 violated 1 broken 7 conform ready after 17.8 s whole run 2 min 38 s teardown 1.8 s",
    ],
    ["versions", "Kubernetes 1.36.3 kubeadm flannel 0.28.4"],
    [
      "each claim with how long it took",
      "1 every node is Ready at the pinned version, with the labels of the original 615 ms conforms",
    ],
    [
      "a met verdict",
      "adj-RIB-in of rt-01 holds 172.17.254.1/32 via 172.17.0.21, 172.17.0.22, 172.17.0.23 with AS path 64522 reached in 1.2 s",
    ],
    ["a red verdict", "equal weight gave up after 10.0 s, 22 looks expected"],
    ["why a probe could not look", "gobgp global rib: exit code 1: rpc error"],
    ["a fault's bite", "power cut of k8s-node-02 bit after 450 ms"],
    ["a step of the boot", "kubeadm init"],
    [
      "where a program came from",
      "kubelet 1.36.3 Go modules k8s.io/kubernetes/cmd/kubelet@v1.36.3, go1.26.8 2 refused mirror : HARDWAY_MIRROR is not set",
    ],
    ["what users of these versions will meet too", "because metallb MetalLB&#39;s BGPPeer definition says int64"],
    ["what is so in this lab only", "because kubeadm etcd runs with --unsafe-no-fsync"],
    ["how to judge again", "npx hardway rejudge 20261120-180301-metallb-bgp-x7f2"],
  ])("tells %s", (_, text) => {
    expect(words).toContain(text);
  });

  test("marks the line that is missing", () => {
    expect(page).toContain(
      "<mark>    { &#34;via&#34;: &#34;172.17.0.22&#34;, &#34;dev&#34;: &#34;eth2&#34;, &#34;weight&#34;: 1 },</mark>",
    );
    expect(page.match(/<mark>/g)).toHaveLength(1);
  });

  test("opens only claims that did not conform", () => {
    expect(page.match(/<details class="claim (\w+)" open>/g)).toHaveLength(2);
    expect(page).not.toContain('<details class="claim conforms" open>');
  });

  test("shows the topology and links what was attached", () => {
    expect(page).toContain('class="hw-topology"');
    expect(page).toContain('<a href="attachments/capture-k8s.pcap">capture-k8s.pcap</a>');
  });

  test("is self-contained: nothing is loaded from elsewhere", () => {
    expect(page).not.toMatch(/<(script|link|img|iframe)\b|@import|url\(/);
    expect(page).not.toMatch(/(src|href)="https?:/);
  });

  test("closes every element that it opens", () => {
    const open: string[] = [];
    for (const [, close, name = "", self] of page.matchAll(/<(\/?)([a-z][a-z0-9]*)\b[^>]*?(\/?)>/g)) {
      if (self || name === "meta") continue;
      if (close) expect(open.pop()).toBe(name);
      else open.push(name);
    }
    expect(open).toEqual([]);
  });
});

describe("a journal that is not as it should be", () => {
  const scratch = mkdtempSync(join(tmpdir(), "hardway-run-page-"));
  const journal = readFileSync(join(folder, "journal.jsonl"), "utf8");
  beforeAll(() => cpSync(folder, scratch, { recursive: true }));
  afterAll(() => rmSync(scratch, { recursive: true }));
  const pageOf = (lines: string): string => {
    writeFileSync(join(scratch, "journal.jsonl"), lines);
    return runPage(scratch);
  };

  test("cut off in the middle of a line: the run is unfinished", () => {
    const page = pageOf(journal.slice(0, 17_000));
    expect(page).toContain('<header class="unfinished">');
    expect(page).toContain("the run was killed, or goes on");
    expect(pageOf(journal.split("\n").slice(0, 8).join("\n"))).toContain("<dt>boot, not ready</dt>");
  });

  test("cut off after its first line: nothing was judged", () => {
    expect(pageOf(journal.split("\n").slice(0, 1).join("\n"))).toContain("No claim was judged.");
  });

  test("markup in what was seen is shown, not obeyed", () => {
    const page = pageOf(journal.replaceAll("connection refused", "<script>alert(1)</script>"));
    expect(page).not.toContain("<script>");
    expect(page).toContain("&#60;script&#62;");
  });

  test("a fact that is unknown leaves its place empty", () => {
    const [first = "", ...rest] = journal.split("\n");
    const bare = JSON.stringify({ ...JSON.parse(first), facts: {} });
    expect(pageOf([bare, ...rest].join("\n"))).not.toMatch(/undefined|\[object/);
  });

  test("a fact of another shape is shown as JSON", () => {
    const page = pageOf(
      journal
        .replace('"kubernetes": "1.36.3"', '"kubernetes": "1.36.3", "provisioner": {"name": "by-hand"}')
        .replace('"provisioner": "kubeadm", ', ""),
    );
    expect(page).toContain("<li>{&#34;name&#34;:&#34;by-hand&#34;}</li>");
  });

  test("an attachment that is gone is named, not linked", () => {
    rmSync(join(scratch, "attachments/pods.txt"));
    expect(pageOf(journal)).toContain('<s title="the file is gone">pods.txt</s>');
  });

  test("none at all is refused", () => {
    rmSync(join(scratch, "journal.jsonl"));
    expect(() => runPage(scratch)).toThrow("has no journal that can be read");
  });
});

test("templates quote what is not markup", () => {
  expect(html`<p title="${'"&'}">${"<b>"}${html`<i>${1}</i>`}${[html`x`, "&"]}${undefined}${false}</p>`.text).toBe(
    '<p title="&#34;&#38;">&#60;b&#62;<i>1</i>x&#38;</p>',
  );
});

test.each([
  [0, "0 ms"],
  [266, "266 ms"],
  [6930, "6.9 s"],
  [88_670, "1 min 29 s"],
])("%d ms are spoken as %s", (ms, text) => expect(spoken(ms)).toBe(text));

test.each([
  [0.4125, "share", "41.3 %"],
  [88_670, "ms", "88\u202f670 ms"],
  [3, "requests", "3 requests"],
  [90.5527, "ms", "90.55 ms"],
  [19_001.33, "ms", "19\u202f001 ms"],
] as const)("%d of %s is written as %s", (value, unit, text) => expect(quantity(value, unit)).toBe(text));

test("JSON stays on one line where it fits", () => {
  expect(json({ a: [1, 2], b: {} })).toBe('{ "a": [1, 2], "b": {} }');
  expect(json({ list: ["x".repeat(40), "y".repeat(40)], n: null })).toBe(
    `{\n  "list": [\n    "${"x".repeat(40)}",\n    "${"y".repeat(40)}"\n  ],\n  "n": null\n}`,
  );
});

test("bars whose labels would meet are put into lanes", () => {
  const bar = (label: string, from: number, to: number) => ({ label, from, to, look: "step" });
  const lanesOf = (...bars: ReturnType<typeof bar>[]) =>
    [...timeline([{ name: "m", bars }], 0, 1000).text.matchAll(/top:(\d+)px/g)].map(([, top]) => Number(top));
  expect(lanesOf(bar("a", 0, 400), bar("b", 400, 600))).toEqual([3, 3]);
  expect(lanesOf(bar("a", 0, 500), bar("b", 400, 600))).toEqual([3, 29]);
  expect(lanesOf(bar("a label much longer than its bar", 0, 10), bar("b", 20, 600))).toEqual([3, 29]);
});
