import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { type Printed, printed } from "../vitest/printed.ts";
import { main } from "./main.ts";
import { project } from "./scenarios.ts";

const stored = join(project, "reports/compare/testdata/runs");

let runs: string;
let said: Printed;
beforeEach(() => {
  runs = mkdtempSync(join(tmpdir(), "hardway-compare-"));
  vi.stubEnv("HARDWAY_RUNS", runs);
  said = printed();
});
afterEach(() => {
  vi.unstubAllEnvs();
  vi.restoreAllMocks();
  rmSync(runs, { recursive: true });
});

const pages = () => readdirSync(runs).filter((file) => file.endsWith(".html"));

describe("compare", () => {
  const keep = (id: string, from: string) => cpSync(join(stored, from), join(runs, id), { recursive: true });

  test("takes runs by folder, by the beginning and by the end of their ids", async () => {
    keep("20261121-010000-upgrade-kubeadm-x7f2", "kubeadm");
    keep("20261121-020000-upgrade-by-hand-b0b0", "by-hand");
    expect(await main(["compare", "20261121-01", "b0b0", join(stored, "kubeadm")])).toBe(0);
    expect(said.out).toContain("2 runs");
    expect(said.out).toContain("B against A");
    expect(said.out).toMatch(/page: \S+compare-\d{14}\.html\n$/);
    expect(pages()).toHaveLength(1);
  });

  test("prints JSON and nothing else where that is asked for", async () => {
    const html = join(runs, "deep/er/page.html");
    expect(await main(["compare", join(stored, "kubeadm"), join(stored, "by-hand"), "--json", "--html", html])).toBe(0);
    expect(JSON.parse(said.out)).toMatchObject({ format: 1, paths: [{ label: "A" }, { label: "B" }] });
    expect(readFileSync(html, "utf8")).toContain("<!doctype html>");
    expect(said.err).toContain("page.html");
  });

  test("says everything that is wrong before it takes anything", async () => {
    for (const id of ["20261121-010000-a-aaaa", "20261121-020000-a-bbbb"]) keep(id, "kubeadm");
    for (const id of ["20261120-010000-a-cccc", "20261120-020000-a-dddd"]) mkdirSync(join(runs, id));
    const wanted = [
      "nope",
      "20261121",
      "20261120",
      "kubadm:1.34.4..1.35.4",
      "kubespray:v2.30.0..v2.31.0",
      "--times",
      "0",
    ];
    vi.stubEnv("HARDWAY_KUBESPRAY", "");
    expect(await main(["compare", ...wanted])).toBe(2);
    const told = said.err.replace(/paths: .*;/, "paths: …;");
    await expect(told).toMatchFileSnapshot("testdata/compare-misdeclared.txt");
    expect(pages()).toEqual([]);
  });

  test.each([
    ["no name", () => "", "it names no file"],
    ["a folder", () => runs, /\S is a folder, and no file/],
    ["a folder that is to be made", () => `${join(runs, "deep")}/`, "deep/ is a folder, and no file"],
    ["below a file", () => join(stored, "kubeadm/upgrade.json/page.html"), "upgrade.json is a file"],
  ])("says that the page cannot be written to %s", async (_, html, why) => {
    expect(await main(["compare", join(stored, "kubeadm"), "--html", html()])).toBe(2);
    expect(said.err).toMatch(/ {2}- --html: /);
    expect(said.err).toMatch(why);
    expect(said.all).not.toContain("    at ");
    expect(said.out).toBe("");
  });

  test("prints the comparison also where the page turns out not to be writable", async () => {
    const html = join(runs, "page.html");
    symlinkSync(join(runs, "nowhere/page.html"), html);
    expect(await main(["compare", join(stored, "kubeadm"), "--html", html])).toBe(2);
    expect(said.out).toContain("how to read it");
    expect(said.err).toMatch(/page\.html: the page could not be written\n {2}seen: .*ENOENT/);
    expect(said.all).not.toContain("    at ");
  });

  test("says of a run without a report how far it came", async () => {
    mkdirSync(join(runs, "20261120-010000-a-cccc"));
    expect(await main(["compare", "cccc", join(stored, "kubeadm")])).toBe(2);
    expect(said.err.replaceAll(runs, "runs")).toBe(
      `hardway: runs/20261120-010000-a-cccc: no upgrade path was taken in this run, or it was ended before the path was
  seen:     ENOENT: no such file or directory, open 'runs/20261120-010000-a-cccc/upgrade.json'
  look:     runs/20261120-010000-a-cccc/journal.jsonl: how far the run came
`,
    );
  });

  test("says of a torn report where it is torn", async () => {
    keep("torn", "kubeadm");
    const file = join(runs, "torn/upgrade.json");
    writeFileSync(file, readFileSync(file, "utf8").slice(0, 5000));
    expect(await main(["compare", join(runs, "torn")])).toBe(2);
    expect(said.err).toMatch(
      /is no JSON: it was cut off while it was written, or changed since\n {2}seen: .*5000 characters/,
    );
  });
});

describe("upgrade", () => {
  test("lists the paths that have names", async () => {
    expect(await main(["upgrade", "--list"])).toBe(0);
    expect(said.out).toMatch(/^kubeadm-1\.34-1\.36\n {4}\S/m);
  });

  test.each([
    [[], "it names no path"],
    [["nope"], "there is no path of this name"],
    [
      ["kubeadm:1.36.3..1.35.4,fast"],
      '- "fast" means nothing here; npx hardway upgrade --help tells what does\n  - hop 1 goes backwards',
    ],
  ])("%j is misdeclared", async (args, why) => {
    expect(await main(["upgrade", ...args])).toBe(2);
    expect(said.err).toContain(why);
  });

  test.each(["upgrade", "compare"])(
    "%s of a path of Kubespray's without a Kubespray is unsupported",
    async (command) => {
      vi.stubEnv("HARDWAY_KUBESPRAY", "");
      expect(await main([command, "kubespray:v2.30.0..v2.31.0"])).toBe(3);
      expect(said.err).toContain("no Kubespray is given");
    },
  );
});
