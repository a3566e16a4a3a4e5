import { describe, expect, test } from "vitest";
import type { Asked, StreamRecord } from "../model/upgrade.ts";
import { streamReport } from "./felt.ts";

const began = 1_700_000_000_000;
const seconds = 4;
const phases = { before: { from: 0, ms: 1000 }, during: { from: 1000, ms: 2000 }, after: { from: 3000, ms: 1000 } };
const steps = [
  { hop: 0, name: "etcd on k8s-master-01", on: ["k8s-master-01"], from: 1000, ms: 400 },
  { hop: 0, name: "cni", on: ["k8s-node-01", "k8s-node-02"], from: 1400, ms: 1600 },
];

/** A request every 10 ms, answered in 2 ms unless `fate` says otherwise. */
function record(fate: (at: number) => Partial<Asked> | "not begun" = () => ({})): StreamRecord {
  const asked = Array.from({ length: seconds * 100 }, (_, n) => n * 10 + 1).flatMap((at) => {
    const its = fate(at);
    return its === "not begun" ? [] : [{ due: began + at, at: began + at, ms: 2, ...its }];
  });
  return { name: "api-read", what: "GET", from: "client-01", everyMs: 10, asked };
}

const felt = (fate?: Parameters<typeof record>[0]) => streamReport(record(fate), { began, phases, steps });
const within = (from: number, until: number) => (at: number) => at >= from && at < until;
const cut = within(1200, 1900);
const spans = (report: ReturnType<typeof felt>) => report.outages.map(({ from, ms }) => [from, ms]);

test("nobody misses anything who is answered", () => {
  expect(felt()).toEqual({
    name: "api-read",
    what: "GET",
    from: "client-01",
    everyMs: 10,
    requests: 400,
    failed: 0,
    outages: [],
    outMs: 0,
    longestOutMs: 0,
    errors: {},
    latency: {
      before: { answered: 100, p50: 2, p99: 2, longestSilence: 10 },
      during: { answered: 200, p50: 2, p99: 2, longestSilence: 10 },
      after: { answered: 100, p50: 2, p99: 2, longestSilence: 10 },
    },
    probe: { lateP99: 0, lateMax: 0 },
  });
});

/** From the first request that was not answered until the first answer, which takes 2 ms. */
describe("a cut of 700 ms is 702 ms long", () => {
  const long = { from: 1201, ms: 702 };

  test("when each request fails after its timeout", () => {
    const report = felt((at) => (cut(at) ? { ms: 900, error: "timeout" } : {}));
    expect(report.outages).toEqual([
      {
        ...long,
        failed: 70,
        errors: { timeout: 70 },
        during: ["etcd on k8s-master-01", "cni on k8s-node-01, k8s-node-02"],
      },
    ]);
    expect(report).toMatchObject({ failed: 70, outMs: 702, longestOutMs: 702, errors: { timeout: 70 } });
  });

  test("when each is refused at once", () => {
    expect(spans(felt((at) => (cut(at) ? { ms: 0.1, error: "refused" } : {})))).toEqual([[1201, 702]]);
  });

  test("when TCP sends all of them again a second later, and all are answered", () => {
    expect(spans(felt((at) => (cut(at) ? { ms: 1000 } : {})))).toEqual([[1201, 702]]);
  });

  test("when they are kept back and answered at once", () => {
    expect(spans(felt((at) => (cut(at) ? { ms: 1903 - at } : {})))).toEqual([[1201, 702]]);
  });

  test("when some fail and some are late", () => {
    const fate = (at: number) => (at % 30 === 1 ? { ms: 900, error: "timeout" } : { ms: 1000 });
    expect(spans(felt((at) => (cut(at) ? fate(at) : {})))).toEqual([[1201, 702]]);
  });
});

test("one of three servers is dead: each request that fails is an outage until the next", () => {
  const report = felt((at) => (cut(at) && at % 30 === 1 ? { ms: 900, error: "timeout" } : {}));
  expect(report.outages).toHaveLength(24);
  expect(new Set(report.outages.map(({ ms }) => ms))).toEqual(new Set([10]));
  expect(report).toMatchObject({ failed: 24, outMs: 240 });
});

test("a request that is lost while others are answered is no silence", () => {
  expect(felt((at) => (at === 1201 ? { ms: 1500 } : {})).outages).toEqual([]);
});

test("less than ten beats without an answer are none either", () => {
  expect(felt((at) => (within(1200, 1290)(at) ? { ms: 1291 - at } : {})).outages).toEqual([]);
});

describe("who does not ask misses nothing", () => {
  test("the probe starved: that is its lateness", () => {
    const report = felt((at) => (cut(at) ? "not begun" : at === 1901 ? { due: began + 1201 } : {}));
    expect(report.outages).toEqual([]);
    expect(report.probe).toEqual({ lateP99: 670, lateMax: 700 });
  });

  test("an answer that it was too late to see is no outage of that length", () => {
    const starved = within(1210, 1900);
    const report = felt((at) => (starved(at) ? "not begun" : at === 1201 ? { ms: 698 } : {}));
    expect(report.outages).toEqual([]);
  });

  test("it is awake now and then: an answer was there that it was too late to see", () => {
    const awake = (at: number) => at % 50 === 1;
    expect(felt((at) => (!within(1200, 1500)(at) ? {} : awake(at) ? { ms: 1500 - at } : "not begun")).outages).toEqual(
      [],
    );
  });

  test("it starved in the middle of a cut: what it saw of it counts", () => {
    const starved = within(1500, 1800);
    const report = felt((at) => (starved(at) ? "not begun" : cut(at) ? { ms: 0.1, error: "refused" } : {}));
    expect(spans(report)).toEqual([
      [1201, 290.1],
      [1801, 102],
    ]);
  });
});

test("an outage that is not over when watching ends lasts until the last request failed", () => {
  const report = felt((at) => (at > 3500 ? { ms: 100, error: "no-route" } : {}));
  expect(spans(report)).toEqual([[3501, 590]]);
});

test("what was before all had begun does not count, nor what is after", () => {
  const outside = streamReport(
    record((at) => (at < 500 || at > 3500 ? { error: "refused" } : {})),
    {
      began: began + 500,
      phases: { ...phases, after: { from: 2900, ms: 90 } },
      steps: [],
    },
  );
  expect(outside).toMatchObject({ failed: 0, outages: [], requests: 299 });
});

test("nothing was answered in a phase: its latency is unknown", () => {
  const { latency } = felt((at) => (at > 990 && at < 3000 ? { error: "refused" } : {}));
  expect(latency.during).toEqual({ answered: 0, p50: null, p99: null, longestSilence: 2000 });
});

test("counts are passed on", () => {
  const report = streamReport({ ...record(), counts: { lost: 0 } }, { began, phases, steps });
  expect(report.counts).toEqual({ lost: 0 });
  expect(report).not.toHaveProperty("uncounted");
  const unread = streamReport({ ...record(), uncounted: "no member is ready" }, { began, phases, steps });
  expect(unread.uncounted).toBe("no member is ready");
});

describe("of steps that tell their parts", () => {
  const task = (name: string, from: number, ms: number, changed = false) => ({
    name,
    group: "control plane",
    on: ["k8s-master-01"],
    from,
    ms,
    changed,
  });
  const parts = [
    task("render the old manifest", 900, 50, true),
    task("restart the API server", 1050, 100, true),
    task("look", 1160, 20),
    task("wait for it", 1210, 800),
    task("skipped", 1850, 10),
    task("uncordon", 2100, 100, true),
  ];
  const told = [
    { hop: 0, name: "upgrade-cluster.yml", on: ["k8s-master-01", "k8s-node-01"], from: 0, ms: 3000, parts },
  ];

  test("an outage names the last that had changed something, and those under way that count", () => {
    const report = streamReport(
      record((at) => (cut(at) ? { error: "refused", ms: 1 } : {})),
      { began, phases, steps: told },
    );
    expect(report.outages.map(({ during, parts }) => ({ during, parts }))).toEqual([
      {
        during: ["upgrade-cluster.yml on k8s-master-01, k8s-node-01"],
        parts: ["restart the API server on k8s-master-01", "wait for it on k8s-master-01"],
      },
    ]);
  });

  test("an outage right after the step names the last that had changed something", () => {
    const [step] = told;
    const late = streamReport(
      record((at) => (within(2800, 2900)(at) ? { error: "refused", ms: 1 } : {})),
      { began, phases, steps: [{ ...(step as (typeof told)[number]), ms: 1500 }] },
    );
    expect(late.outages.map(({ during, parts }) => ({ during, parts }))).toEqual([
      { during: [], parts: ["uncordon on k8s-master-01"] },
    ]);
  });

  test("an outage before the first of them names none", () => {
    const early = streamReport(
      record((at) => (within(300, 600)(at) ? { error: "refused", ms: 1 } : {})),
      { began, phases, steps: told },
    );
    expect(early.outages[0]).not.toHaveProperty("parts");
  });
});
