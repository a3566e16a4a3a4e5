import { expect, test } from "vitest";
import { spreadOf } from "../model/spread.ts";
import { cells, markdownTable, summarize } from "./summary.ts";

test("the median of an even number of samples lies between the two in the middle", () => {
  expect(spreadOf([4, 1, 3, 2])).toEqual({ median: 2.5, min: 1, max: 4, samples: [4, 1, 3, 2] });
  expect(spreadOf([])).toBeUndefined();
});

test("an aim is for our median, and a missed one is told", () => {
  const ours = [{ nodes: 21_000, teardown: 1_200 }, { nodes: 20_001 }, { nodes: 12_000 }];
  const rows = summarize(ours, [{ nodes: 40_002 }], { nodes: "20s", teardown: "3s", scenario: "60s" });
  expect(rows.map(({ stage, aim }) => [stage, aim?.met])).toEqual([
    ["nodes", false],
    ["teardown", true],
  ]);
  expect(rows.map(cells)).toEqual([
    ["every node Ready with CNI", "20.0 s (12.0–21.0)", "40.0 s", "2.0", "≤ 20 s", "NO"],
    ["teardown", "1.20 s", "", "", "≤ 3 s", "yes"],
  ]);
  expect(markdownTable(rows, "by hand").split("\n")[3]).toBe("| teardown | 1.20 s |  |  | ≤ 3 s | yes |");
});

test("steps of the provisioner come after the machines that they are done on", () => {
  const rows = summarize([{ machines: 2_000, "step etcd": 1_000, nodes: 9_000 }], [{ "step etcd": 3_000 }], {});
  expect(rows.map(({ what, ratio }) => [what, ratio])).toEqual([
    ["machines up", undefined],
    ["step etcd", 3],
    ["every node Ready with CNI", undefined],
  ]);
});

test("an aim may be a share of another stage", () => {
  const ours = [{ upgrade: 100_000, upgradeOwn: 16_000 }, { upgrade: 90_000, upgradeOwn: 9_000 }, { upgrade: 95_000 }];
  const rows = summarize(ours, [{ upgrade: 80_000 }], { upgradeOwn: { share: 0.15, of: "upgrade" } });
  expect(rows.map(cells)).toEqual([
    ["the upgrade, all hops", "95.0 s (90.0–100.0)", "80.0 s", "0.8", "", ""],
    ["of which no command on a machine did its work", "12.5 s (9.00–16.0)", "", "", "≤ 15 %", "yes"],
  ]);
});
