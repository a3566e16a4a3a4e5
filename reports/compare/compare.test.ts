import { describe, expect, test } from "vitest";
import { spreadOf } from "#harness/model/spread";
import type { Change, UpgradeReport } from "#harness/model/upgrade";
import { alignOnSteps } from "./axis.ts";
import { compare } from "./compare.ts";
import { difference, quantity } from "./quantity.ts";
import { stepsInOrder } from "./steps.ts";
import { inventedRuns } from "./testdata/invented.ts";
import { precision } from "./words.ts";

const spread = (...samples: number[]) => {
  const found = spreadOf(samples);
  if (!found) throw new Error("no samples");
  return found;
};

describe("a difference", () => {
  test.each([
    ["none", [5], [5], 0],
    ["none", [4, 5, 6], [5], 0],
    ["below-resolution", [100], [124], 24],
    ["noise-unknown", [100], [125], 24],
    ["within-noise", [100, 300, 200], [290, 400, 500], 24],
    ["within-noise", [100, 200, 300], [300, 400, 500], 24],
    ["noise-unknown", [100, 200], [300, 400], 24],
    ["differs", [100, 200, 299], [300, 400, 500], 24],
    ["differs", [300, 400, 500], [100, 200, 299], 24],
    ["noise-unknown", [100, 200, 299], [400], 24],
    ["within-noise", [100, 200, 299], [250], 24],
    ["differs", [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19], [30], 0],
  ] as const)("is %s between %j and %j, known to within %d", (is, one, other, resolution) => {
    expect(difference(spread(...one), spread(...other), resolution).is).toBe(is);
  });

  test.each([
    [1, 1, 1],
    [2, 2, 1 / 3],
    [3, 3, 1 / 10],
    [4, 4, 1 / 35],
    [3, 1, 1 / 2],
  ])("of %d and %d runs of equal paths is there by chance with likelihood %d", (n, m, chance) => {
    const samples = (count: number) => Array.from({ length: count }, (_, i) => i);
    expect(difference(spread(...samples(n)), spread(...samples(m)), 0).chance).toBeCloseTo(chance);
  });

  test("chance does set equal paths apart as often as is said", () => {
    const all = [1, 2, 3, 4, 5, 6];
    const choices = all.flatMap((a) => all.flatMap((b) => all.flatMap((c) => (a < b && b < c ? [[a, b, c]] : []))));
    const apart = choices.filter((own) => {
      const { is } = difference(spread(...own), spread(...all.filter((value) => !own.includes(value))), 0);
      return is === "differs";
    });
    expect(apart.length / choices.length).toBeCloseTo(1 / 10);
  });

  test("adds what the probes of both paths cannot tell", () => {
    expect(quantity("ms", [[100], [125], []], [12, 13, 0]).against).toEqual([
      null,
      { is: "below-resolution", by: 25, resolution: 25, chance: 1 },
      null,
    ]);
  });
});

describe("runs of one path", () => {
  const reports = [inventedRuns.kubeadm(1), inventedRuns.byHand(1), inventedRuns.kubeadm(2)];

  test("are its repetitions, whatever the path was called", () => {
    const renamed = {
      ...inventedRuns.kubeadm(3),
      path: { ...inventedRuns.kubeadm(3).path, name: "other", title: "x" },
    };
    const { paths } = compare([...reports, renamed]);
    expect(paths.map(({ label, runs }) => [label, runs.map(({ run }) => run.slice(-4))])).toEqual([
      ["A", ["aaa1", "aaa2", "aaa3"]],
      ["B", ["bbb1"]],
    ]);
  });

  test("are drawn by the one in the middle", () => {
    const out = (report: UpgradeReport, outMs: number) => ({
      ...report,
      streams: report.streams.map((stream, nth) => ({ ...stream, outMs: nth === 0 ? outMs : 0 })),
    });
    const [path] = compare([300, 100, 200].map((ms, nth) => out(inventedRuns.kubeadm(nth + 1), ms))).paths;
    expect(path?.median).toBe(2);
  });

  test("but a path with another pace is another path", () => {
    const quick = { ...inventedRuns.kubeadm(2), path: { ...inventedRuns.kubeadm(2).path, workers: { atOnce: 2 } } };
    expect(compare([inventedRuns.kubeadm(1), quick]).paths).toHaveLength(2);
  });
});

test("what a stream cannot tell is its period and how late it asks; of a sum, once for each outage", () => {
  const report = inventedRuns.kubeadm();
  const stream = report.streams.find(({ outages }) => outages.length > 2);
  const row = compare([report, inventedRuns.byHand()]).streams.find(({ name }) => name === stream?.name);
  const other = inventedRuns.byHand().streams.find(({ name }) => name === stream?.name);
  const of = (one = stream) => (one?.everyMs ?? 0) + (one?.probe.lateP99 ?? 0);
  expect(row?.longest.against[1]?.resolution).toBeCloseTo(of() + of(other));
  expect(row?.total.against[1]?.resolution).toBeCloseTo(
    of() * (stream?.outages.length ?? 0) + of(other) * (other?.outages.length ?? 0),
  );
});

describe("paths whose users ask at different periods", () => {
  const asking = (report: UpgradeReport, everyMs: number, ...lengths: number[]): UpgradeReport => ({
    ...report,
    streams: report.streams.slice(0, 1).map((stream) => ({
      ...stream,
      everyMs,
      outages: lengths.map((ms, nth) => ({ from: nth * 1000, ms, failed: 0, errors: {}, during: [] })),
      outMs: lengths.reduce((sum, ms) => sum + ms, 0),
      longestOutMs: Math.max(0, ...lengths),
    })),
  });
  const quick = asking(inventedRuns.kubeadm(), 10, 400, 400, 400);
  const rowOf = (...reports: UpgradeReport[]) => compare(reports).streams[0];

  test("are not told apart by silences that are none on the other path", () => {
    const comparison = compare([quick, asking(inventedRuns.byHand(), 50)]);
    const [row] = comparison.streams;
    const kinds = [comparison.longest, comparison.out, row?.longest, row?.total, row?.outages];
    expect(kinds.map((one) => one?.against[1]?.is)).toEqual(kinds.map(() => "below-resolution"));
    expect(row?.everyMs).toBe(50);
  });

  test("are told apart by what both would have felt", () => {
    const long = asking(inventedRuns.kubeadm(), 10, 4000, 4000, 4000);
    const row = rowOf(long, asking(inventedRuns.byHand(), 50));
    const kinds = [row?.longest, row?.total, row?.outages];
    expect(kinds.map((one) => one?.against[1]?.is)).toEqual(kinds.map(() => "noise-unknown"));
  });

  test("do not blur what others are told apart by", () => {
    const row = rowOf(quick, asking(inventedRuns.byHand(), 10), asking(inventedRuns.skip(), 50));
    expect(row?.longest.against.map((one) => one?.is)).toEqual([undefined, "noise-unknown", "below-resolution"]);
  });

  test("are said to", () => {
    const [often, silence] = precision(compare([quick, asking(inventedRuns.byHand(), 50)]));
    expect(often).toMatch(/^Users ask every 10 ms on A, 50 ms on B; /);
    expect(silence).toContain("once 10 requests wait: from 100 ms on A, 500 ms on B.");
  });
});

test("who did not ask for a while may have missed an outage, and that is said", () => {
  const [report, other] = [inventedRuns.kubeadm(), inventedRuns.byHand()];
  const late = (lateMax: number): UpgradeReport => ({
    ...report,
    streams: report.streams.map((stream) => ({ ...stream, probe: { ...stream.probe, lateMax } })),
  });
  const said = (lateMax: number) => precision(compare([late(lateMax), other])).join(" ");
  expect(said(5000)).toContain("For up to 5.00 s at a time users of A did not ask");
  expect(said(90)).not.toContain("did not ask");
});

test("a stream that one path has not is no number there, not nought", () => {
  const one = inventedRuns.kubeadm();
  const less = { ...inventedRuns.byHand(), streams: inventedRuns.byHand().streams.slice(1) };
  const [row] = compare([one, less]).streams;
  expect(row?.longest.spreads[1]).toBeNull();
  expect(row?.longest.against[1]).toBeNull();
});

describe("steps", () => {
  test("that only one path has stand where that path takes them, however quick the other one is", () => {
    const run = inventedRuns.kubeadm();
    const step = (name: string, from: number, ms: number) => ({ hop: 0, name, on: ["m"], from, ms });
    const hops = [{ title: "one", from: 0, ms: 100_000, ended: "done" as const }];
    const slow = { ...run, hops, steps: [step("control plane", 0, 90_000), step("worker", 90_000, 10_000)] };
    const quick = {
      ...run,
      hops,
      steps: [step("etcd", 0, 40_000), step("control plane", 40_000, 30_000), step("worker", 70_000, 30_000)],
    };
    const late = {
      ...quick,
      steps: [step("snapshot", 0, 30_000), ...quick.steps.map((s) => ({ ...s, from: s.from + 30_000 }))],
    };
    expect(stepsInOrder([slow, quick, late]).map(({ name }) => name)).toEqual([
      ...["snapshot", "etcd", "control plane", "worker"],
    ]);
  });

  test("stand hop by hop in their order, wherever a hop was not done", () => {
    const names = (runs: UpgradeReport[]) => stepsInOrder(runs).map(({ hop, name }) => `${hop + 1} ${name}`);
    const whole = names([inventedRuns.kubeadm()]);
    expect(whole.slice(0, 4)).toEqual([
      "1 etcd on k8s-master-01",
      "1 etcd on k8s-master-02",
      "1 etcd on k8s-master-03",
      "1 control plane on k8s-master-01",
    ]);
    expect(names([inventedRuns.skip(), inventedRuns.kubeadm()])).toEqual(whole);
  });

  test("of one name in one hop are told apart by their machines", () => {
    const report = inventedRuns.kubeadm();
    const steps = report.steps.map((step) => (step.name.startsWith("worker") ? { ...step, name: "worker" } : step));
    expect(stepsInOrder([{ ...report, steps }]).map(({ name }) => name)).toContain("worker on k8s-node-02");
  });
});

describe("an axis", () => {
  const runs = [inventedRuns.kubeadm(), inventedRuns.byHand(), inventedRuns.skip()];
  const axis = alignOnSteps(runs);

  test("begins the same step at the same place on every path", () => {
    for (const { hop, name } of stepsInOrder(runs)) {
      const places = runs.flatMap((run, nth) =>
        run.steps.filter((step) => step.hop === hop && step.name === name).map((step) => axis.at(nth, step.from)),
      );
      for (const place of places) expect(place, name).toBeCloseTo(places[0] ?? 0);
    }
  });

  test("keeps lengths: what a run's time has, with its gaps, is the whole axis up to its end", () => {
    runs.forEach((run, nth) => {
      const end = run.phases.after.from + run.phases.after.ms;
      const gaps = axis.gaps(nth).reduce((sum, { from, to }) => sum + to - from, 0);
      expect(axis.at(nth, end)).toBeCloseTo(end + gaps);
      expect(axis.at(nth, end)).toBeLessThanOrEqual(axis.length + 1e-6);
    });
  });

  test("cuts what goes on over a gap, and its pieces are as long as it was", () => {
    const whole = { from: 0, ms: 80_000 };
    const pieces = axis.pieces(1, whole);
    expect(pieces.length).toBeGreaterThan(3);
    expect(pieces.reduce((sum, { from, to }) => sum + to - from, 0)).toBeCloseTo(whole.ms);
    for (const gap of axis.gaps(1))
      for (const piece of pieces) expect(piece.to <= gap.from || piece.from >= gap.to).toBe(true);
  });

  test("lets a step that is out of order stay where its time puts it", () => {
    const run = inventedRuns.kubeadm();
    const early = {
      ...run,
      steps: run.steps.map((step, nth) => (nth === 5 ? { ...step, from: step.from - 50_000 } : step)),
    };
    const all = alignOnSteps([run, run, run, early]);
    run.steps.forEach(({ from, name }, nth) => {
      if (nth !== 5) expect(all.at(3, from), name).toBeCloseTo(all.at(0, from));
    });
    const places = Array.from({ length: 400 }, (_, second) => all.at(3, second * 1000));
    expect(places).toEqual(places.toSorted((a, b) => a - b));
    const pieces = all.pieces(3, { from: 0, ms: 300_000 });
    expect(pieces.reduce((sum, { from, to }) => sum + to - from, 0)).toBeCloseTo(300_000);
  });
});

describe("what changed", () => {
  const change = (more: Partial<Change>): Change => ({
    kind: "flag",
    on: "k8s-master-01",
    what: "--a",
    after: "1",
    ...more,
  });
  const rowsOf = (...changes: (readonly Change[] | undefined)[]) =>
    compare(
      changes.map((own, nth) => {
        const { changes: _, ...report } = nth % 2 === 0 ? inventedRuns.kubeadm() : inventedRuns.byHand();
        return own ? { ...report, changes: own } : report;
      }),
    ).changes.map(({ what, on, where, runs }) => [what, on.join("+"), where, runs]);

  test("is told once for the machines of which it is so, however a report joins them", () => {
    expect(
      rowsOf([change({ on: "m1, m2" }), change({ on: "m3" })], [change({ on: "m1" }), change({ on: "m2, m3" })]),
    ).toEqual([["--a", "m1+m2+m3", "all", [1, 1]]]);
  });

  test("is on every path, on some, to other values, or other in every run", () => {
    expect(rowsOf([change({}), change({ what: "--b" })], [change({ after: "2" })])).toEqual([
      ["--a", "k8s-master-01", "otherwise", [1, 1]],
      ["--b", "k8s-master-01", "some", [1, 0]],
    ]);
    expect(rowsOf([change({ after: "1" })], [change({ after: "2" })], [change({ after: "3" })])).toEqual([
      ["--a", "k8s-master-01", "varies", [2, 1]],
    ]);
  });

  test("is unknown where nothing could be looked at", () => {
    expect(rowsOf([change({})], undefined)).toEqual([["--a", "k8s-master-01", "all", [1, null]]]);
  });

  const silent = (what: string, on = "m2") => change({ kind: "unseen", on, what, after: "no answer" });

  test("is unknown of a machine that was silent, and of it alone", () => {
    expect(rowsOf([change({ on: "m1, m2" })], [silent("all")])).toEqual([
      ["--a", "m1", "some", [1, 0]],
      ["--a", "m2", "all", [1, null]],
      ["all", "m2", "some", [0, 1]],
    ]);
  });

  test("is told of the runs in which the machine answered", () => {
    const [row] = compare(
      [[change({ on: "m2" })], [silent("all")], [change({ on: "m2" })]].map((changes, nth) => ({
        ...inventedRuns.kubeadm(nth + 1),
        changes,
      })),
    ).changes;
    expect([row?.runs, row?.of]).toEqual([[2], [2]]);
  });

  test.each([
    ["flag", "kubelet --a", "kubelet metrics", 0],
    ["feature-gate", "ImageVolume of kube-apiserver, kubelet", "kubelet metrics", null],
    ["feature-gate", "ImageVolume of kube-apiserver, kubelet", "kube-proxy metrics", 0],
    ["certificate", "/etc/kubernetes/pki/ca.crt", "certificates", null],
  ])("a %s, %s, where %s could not be looked at: %s", (kind, what, of, runs) => {
    expect(rowsOf([change({ kind, what, on: "m2" })], [silent(of)])).toContainEqual([
      what,
      "m2",
      runs === null ? "all" : "some",
      [1, runs],
    ]);
  });
});

describe("forecasts", () => {
  const { forecasts, unforeseen } = compare([inventedRuns.kubeadm(), inventedRuns.skip()]);
  const came = (severity: string) =>
    forecasts.find((row) => row.severity === severity)?.paths.map((path) => path?.came);

  test("come true when the hop that they stop is stopped", () => expect(came("stops")).toEqual([undefined, "true"]));
  test("of an API come true when it is gone, and are unknown of a hop that was refused", () =>
    expect(came("breaks")).toEqual(["true", "untold"]));
  test("of what nobody looks at are unknown", () => expect(came("changes")).toEqual(["untold", "untold"]));
  test("that were made leave nothing unforeseen", () => expect(unforeseen).toEqual([]));

  test("do not come true when the hop is done, or the API stays", () => {
    const report = inventedRuns.kubeadm();
    const stops = { severity: "stops", hop: 1, kind: "setting", says: "It will not start." } as const;
    const stays = compare([{ ...report, changes: [], forecasts: [...report.forecasts, stops] }]).forecasts;
    expect(stays.map(({ severity, paths: [path] }) => [severity, path?.came])).toEqual([
      ["breaks", "false"],
      ["changes", "untold"],
      ["stops", "false"],
    ]);
  });

  test("of an API that could not be looked at are unknown", () => {
    const blind = { kind: "unseen", on: "cluster", what: "API", after: "no answer" } as const;
    const [row] = compare([{ ...inventedRuns.kubeadm(), changes: [blind] }]).forecasts;
    expect(row?.paths).toMatchObject([{ came: "untold", because: "the API could not be looked at" }]);
  });

  test("that nobody made are missed", () => {
    expect(compare([{ ...inventedRuns.skip(), forecasts: [] }]).unforeseen).toEqual([
      { path: 0, hop: 0, ended: "refused", because: expect.stringContaining("one minor version at a time") },
    ]);
  });
});
