import { describe, expect, test } from "vitest";
import type { UpgradePath } from "#harness/model/upgrade";
import { compareVersions, problemsOf, releasesAt, titleOf } from "./path.ts";

const available = {
  kubernetes: ["1.34.4", "1.35.4", "1.36.3"],
  etcd: ["3.5.27", "3.6.16"],
  containerd: ["1.7.35", "2.2.9"],
  cni: ["0.26.7", "0.28.4"],
};

const path = (more: Partial<UpgradePath> = {}): UpgradePath => ({
  name: "kubeadm-1.34-1.36",
  title: "kubeadm, 1.34 to 1.36",
  provisioner: "kubeadm",
  from: { kubernetes: "1.34.4", etcd: "3.5.27", containerd: "2.2.9", cni: "0.28.4" },
  hops: [{ to: { kubernetes: "1.35.4", etcd: "3.6.16" } }, { to: { kubernetes: "1.36.3" } }],
  workers: { atOnce: 1 },
  drain: true,
  ...more,
});

test("what runs before each hop, and after the last", () => {
  expect([0, 1, 2].map((hop) => releasesAt(path(), hop))).toEqual([
    { kubernetes: "1.34.4", etcd: "3.5.27", containerd: "2.2.9", cni: "0.28.4" },
    { kubernetes: "1.35.4", etcd: "3.6.16", containerd: "2.2.9", cni: "0.28.4" },
    { kubernetes: "1.36.3", etcd: "3.6.16", containerd: "2.2.9", cni: "0.28.4" },
  ]);
});

test("a hop's title says what it changes", () => {
  expect([0, 1].map((hop) => titleOf(path(), hop))).toEqual([
    "kubernetes 1.34.4 → 1.35.4, etcd 3.5.27 → 3.6.16",
    "kubernetes 1.35.4 → 1.36.3",
  ]);
  const quota = path({ hops: [{ to: {}, settings: { etcd: { "quota-backend-bytes": "2G" } } }] });
  expect(titleOf(quota, 0)).toBe("etcd --quota-backend-bytes=2G");
});

test.each([
  ["1.9.0", "1.10.0", -1],
  ["1.10.0", "1.9.9", 1],
  ["1.36.3", "1.36.3", 0],
] as const)("%s to %s", (one, other, expected) => expect(compareVersions(one, other)).toBe(expected));

describe("problems", () => {
  test("a sound path has none, and a skipped minor version is for the tools to refuse", () => {
    expect(problemsOf(path(), available)).toEqual([]);
    expect(problemsOf(path({ hops: [{ to: { kubernetes: "1.36.3" } }] }), available)).toEqual([]);
  });

  test("a rollback is none where it is called so", () => {
    const hops = [{ to: { kubernetes: "1.35.4" } }, { to: { kubernetes: "1.34.4" }, rollback: true }] as const;
    expect(problemsOf(path({ hops }), available)).toEqual([]);
  });

  test("all at once", async () => {
    const hops = [
      { to: { kubernetes: "1.37.0" } },
      { to: { kubernetes: "1.34.4" } },
      { to: { etcd: "3.5.27" } },
      { to: { containerd: "2.2.9" }, rollback: true },
      { to: { kubernetes: "1.35.4" }, downgrade: "forced" },
    ] as const;
    const from = { kubernetes: "1.33.6", etcd: "3.5.27", containerd: "2.2.9", cni: "0.1.0" };
    const problems = problemsOf(path({ from, hops, workers: { atOnce: 0 } }), available);
    await expect(`${problems.join("\n")}\n`).toMatchFileSnapshot("testdata/problems.txt");
  });
});
