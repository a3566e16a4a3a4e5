import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { problemsOf } from "../upgrade/path.ts";
import { isWritten, namedPaths, pathSyntax, releasesHere, writtenPath } from "./upgrade-paths.ts";

const available = {
  kubernetes: ["1.34.4", "1.35.4", "1.36.3"],
  etcd: ["3.5.27", "3.6.16"],
  containerd: ["1.7.35", "2.2.9"],
  cni: ["0.26.7", "0.28.4"],
};
const written = (text: string) => writtenPath(text, available);
const newest = { etcd: "3.6.16", containerd: "2.2.9", cni: "0.28.4" };

describe("a path that is written", () => {
  test("goes from release to release, everything else the newest and as it is", () => {
    expect(written("kubeadm:1.34.4..1.35.4..1.36.3")).toEqual({
      path: {
        name: "kubeadm-1.34.4-1.35.4-1.36.3",
        title: "kubeadm, kubernetes 1.34.4 → 1.35.4 → 1.36.3, a worker at a time, drained",
        provisioner: "kubeadm",
        from: { kubernetes: "1.34.4", ...newest },
        hops: [{ to: { kubernetes: "1.35.4" } }, { to: { kubernetes: "1.36.3" } }],
        workers: { atOnce: 1 },
        drain: true,
      },
      problems: [],
    });
  });

  test("may take other parts along, and says how", () => {
    const { path, problems } = written(
      "by-hand:1.34.4..1.35.4..1.36.3,etcd=3.5.27..3.6.16,containerd=1.7.35..1.7.35..2.2.9,no-drain,workers=2",
    );
    expect(problems).toEqual([]);
    expect(path).toMatchObject({
      title:
        "by-hand, kubernetes 1.34.4 → 1.35.4 → 1.36.3, etcd 3.5.27 → 3.6.16, containerd 1.7.35 → 1.7.35 → 2.2.9, 2 workers at a time, not drained",
      from: { kubernetes: "1.34.4", etcd: "3.5.27", containerd: "1.7.35", cni: "0.28.4" },
      hops: [{ to: { kubernetes: "1.35.4", etcd: "3.6.16" } }, { to: { kubernetes: "1.36.3", containerd: "2.2.9" } }],
      workers: { atOnce: 2 },
      drain: false,
    });
  });

  test("may move anything alone", () => {
    expect(written("by-hand:1.36.3,cni=0.26.7..0.28.4,surge=k8s-node-03").path).toMatchObject({
      hops: [{ to: { cni: "0.28.4" } }],
      workers: { surge: "k8s-node-03" },
    });
  });

  test("may come back, only the hops that do so", () => {
    const { path, problems } = written("by-hand:1.36.3,etcd=3.5.27..3.6.16..3.5.27,rollback,downgrade=forced");
    expect(problems).toEqual([]);
    expect(path.hops).toEqual([
      { to: { etcd: "3.6.16" } },
      { to: { etcd: "3.5.27" }, rollback: true, downgrade: "forced" },
    ]);
  });

  test("may give flags with its first hop", () => {
    const { path, problems } = written("by-hand:1.36.3,etcd=3.5.27..3.6.16,etcd.quota-backend-bytes=2G,etcd.a=b=c");
    expect(problems).toEqual([]);
    expect(path.hops[0].settings).toEqual({ etcd: { "quota-backend-bytes": "2G", a: "b=c" } });
  });

  test("is told everything that is wrong with it", async () => {
    const told = [
      "kubeadm:",
      "kubeadm:1.36.3",
      "kubadm:1.34.4..1.35.4",
      "kubeadm:1.34.4..1.37.0",
      "kubeadm:1.36.3..1.35.4",
      "kubeadm:1.35.4..1.35.4",
      "kubeadm:1.34.4...1.35.4",
      "kubeadm:1.34.4..1.35.4,rollback,downgrade=softly",
      "kubeadm:1.34.4..1.35.4,downgrade=forced",
      "kubeadm:1.34.4..1.35.4,workers=0",
      "kubeadm:1.34.4..1.35.4,workers=two,drains,etcd,etcd=,,drain=no,drain,no-drain",
      "kubadm:1.33.1..1.32.0,etcd=4.0.0,fast,downgrade=forced",
    ].map((text) => [text, ...written(text).problems].join("\n  "));
    await expect(`${told.join("\n\n")}\n`).toMatchFileSnapshot("testdata/paths-misdeclared.txt");
  });
});

test("the help's own example is a path", () => {
  const example = /^ {2}(kubeadm:\S+)$/m.exec(pathSyntax)?.[1] ?? "";
  expect(isWritten(example)).toBe(true);
  expect(written(example).problems).toEqual([]);
});

test("every path with a name can be had", async () => {
  const here = await releasesHere();
  const paths = await namedPaths();
  expect(paths.length).toBeGreaterThan(0);
  for (const path of paths) expect(problemsOf(path, here), path.name).toEqual([]);
});

test("a path that is called otherwise than its file is misdeclared", async () => {
  const folder = mkdtempSync(join(tmpdir(), "hardway-paths-"));
  writeFileSync(join(folder, "one.ts"), 'export default { name: "other" };\n');
  await expect(namedPaths(folder)).rejects.toThrow("its default export is no path named one");
  rmSync(folder, { recursive: true });
});
