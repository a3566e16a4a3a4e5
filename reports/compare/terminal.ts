import type { Outcome } from "#harness/model/judging";
import type { Comparison, HopRow, Quantity, StreamRow } from "./model.ts";
import { differenceText, spreadText } from "./numbers.ts";
import { came, precision, rule, tally, times, type Where, where, whereOf } from "./words.ts";

/** Characters in a line. The tables of two paths fit into it. */
const width = 100;

/** A comparison as lines for a terminal: the first path's column, then each other's with how it differs from the first. */
export function terminal(comparison: Comparison): string {
  return [
    paths(comparison),
    section("hops and their steps", stages(comparison)),
    section("out of service: the longest time, and in all", felt(comparison)),
    section("which task caused it: out of service in outages that name it, all users together", causes(comparison)),
    section("latency while it was done: p99", latencies(comparison)),
    section("counted", counts(comparison)),
    section("claims", claims(comparison)),
    section("forecasts", forecasts(comparison)),
    section("what changed", changes(comparison)),
    section("how to read it", wrapped([...rule(comparison), ...precision(comparison)].join(" "), "  ")),
  ]
    .filter((part) => part !== "")
    .join("\n\n");
}

const section = (title: string, lines: readonly string[]): string =>
  lines.length > 0 ? [title, ...lines].join("\n") : "";

function paths({ paths }: Comparison): string {
  return paths
    .flatMap(({ label, path, runs }) => [
      `${label}  ${path.name}, ${times(runs.length, "run")}`,
      ...wrapped(path.title, "   "),
      ...runs.map(({ run }) => `   ${run}`),
    ])
    .join("\n");
}

/** Rows under the heads of the paths, columns two spaces apart. A name that is too long for the line loses its middle. */
function table({ paths: [first, ...others] }: Comparison, rows: readonly (readonly string[])[]): string[] {
  const heads = others.flatMap(({ label }) => [label, `${label} against ${first?.label}`]);
  return columns([["", first?.label ?? "", ...heads], ...rows]);
}

function columns(all: readonly (readonly string[])[]): string[] {
  const widthsOf = (rows: readonly (readonly string[])[]) =>
    rows[0]?.map((_, column) => Math.max(...rows.map((row) => (row[column] ?? "").length))) ?? [];
  const [, ...numbers] = widthsOf(all);
  const room = Math.max(leastName, width - 2 - numbers.reduce((sum, column) => sum + 2 + column, 0));
  const rows = all.map(([name = "", ...cells]) => [withoutMiddle(name, room), ...cells]);
  const widths = widthsOf(rows);
  return rows.map((row) => `  ${row.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join("  ")}`.trimEnd());
}

const leastName = 40;

/** Its beginning and its end, which tells the machine. */
function withoutMiddle(name: string, room: number): string {
  if (name.length <= room) return name;
  const end = Math.floor((room - 1) * 0.4);
  return `${name.slice(0, room - 1 - end)}…${name.slice(-end)}`;
}

/** The first path's, and of every other one its own and how it differs. */
function cells({ spreads, against, unit }: Quantity): string[] {
  return spreads.flatMap((spread, path) => {
    const own = spread ? spreadText(spread, unit) : "–";
    const difference = against[path];
    return path === 0 ? [own] : [own, difference ? differenceText(difference, unit) : ""];
  });
}

function stages(comparison: Comparison): string[] {
  const { hops, steps, took } = comparison;
  const rows = hops.flatMap((row) => [
    [`hop ${row.hop + 1}`, ...cells(row.ms)],
    ...endings(row),
    ...steps.filter(({ hop }) => hop === row.hop).map(({ name, ms }) => [`  ${name}`, ...cells(ms)]),
  ]);
  return [
    ...table(comparison, [...rows, ["in all", ...cells(took)]]),
    ...hops.flatMap((row) => reasons(comparison, row)),
  ];
}

/** How a hop ended, unless it was done on every path. */
function endings({ ended }: HopRow): string[][] {
  if (ended.flat().every((one) => one === "done")) return [];
  return [["  ended", ...ended.flatMap((runs, path) => (path === 0 ? [tally(runs)] : [tally(runs), ""]))]];
}

/** The first line of each; the page has all of it. */
const reasons = ({ paths }: Comparison, { hop, because }: HopRow): string[] =>
  because.flatMap((all, path) =>
    all.flatMap((one) => wrapped(`hop ${hop + 1} of ${paths[path]?.label}: ${one.split("\n")[0]}`, "    ", "  ")),
  );

const everOut = ({ outages }: StreamRow): boolean => outages.spreads.some((spread) => spread && spread.max > 0);

function felt(comparison: Comparison): string[] {
  const { streams, out, longest } = comparison;
  const rows = streams.filter(everOut).flatMap(({ name, longest, total, outages }) => [
    [name, ...cells(longest)],
    ["  in all", ...cells(total)],
    ["  outages", ...cells(outages)],
  ]);
  const never = streams.filter((row) => !everOut(row)).map(({ name }) => name);
  return [
    ...table(comparison, [...rows, ["any user", ...cells(longest)], ["all in all", ...cells(out)]]),
    ...(never.length > 0 ? wrapped(`always in service: ${never.join(", ")}`, "  ") : []),
  ];
}

/** As many tasks as fit on a screen, the worst first; the page has all. */
const mostTasks = 15;

function causes(comparison: Comparison): string[] {
  const most = ({ spreads }: Quantity) => Math.max(0, ...spreads.map((spread) => spread?.median ?? 0));
  const worst = comparison.parts
    .filter(({ out }) => out.spreads.some((spread) => spread && spread.max > 0))
    .toSorted((a, b) => most(b.out) - most(a.out))
    .slice(0, mostTasks);
  if (worst.length === 0) return [];
  return table(
    comparison,
    worst.map(({ name, out }) => [name, ...cells(out)]),
  );
}

const latencies = (comparison: Comparison): string[] =>
  table(
    comparison,
    comparison.streams.map(({ name, latency }) => [name, ...cells(latency.during.p99)]),
  );

function counts(comparison: Comparison): string[] {
  const rows = comparison.streams.flatMap(({ name, counts }) =>
    Object.entries(counts).map(([count, quantity]) => [`${name}: ${count}`, ...cells(quantity)]),
  );
  return rows.length > 0 ? table(comparison, rows) : [];
}

const marks: Readonly<Record<Outcome, string>> = { conforms: "✓", violates: "✗", broken: "!", unsupported: "-" };

function claims({ claims, paths }: Comparison): string[] {
  if (claims.length === 0) return [];
  const shown = claims.map(({ outcomes }) => outcomes.map((runs) => runs.map((one) => marks[one]).join("") || "·"));
  const [head = "", ...verdicts] = columns([paths.map(({ label }) => label), ...shown]);
  const indent = " ".repeat(Math.max(head.length, ...verdicts.map((line) => line.length)) + 2);
  return [
    head,
    ...claims.flatMap(({ claim }, nth) => wrapped(claim, indent, (verdicts[nth] ?? "").padEnd(indent.length))),
  ];
}

function forecasts({ forecasts, unforeseen, paths }: Comparison): string[] {
  const label = (path: number) => paths[path]?.label;
  const told = forecasts.flatMap(({ hop, severity, says, paths: all }) => [
    ...wrapped(`${severity} hop ${hop + 1}: ${says}`, "    ", "  "),
    ...all.flatMap((one, path) =>
      one ? wrapped(`${label(path)}: ${came[one.came]}: ${one.because}`, "      ", "    ") : [],
    ),
  ]);
  const missed = unforeseen.map(
    ({ path, hop, ended }) =>
      `  not foretold: hop ${hop + 1} of ${label(path)} ${ended === "failed" ? "failed" : "was refused"}`,
  );
  return [...told, ...missed];
}

/** How many of each kind; the page tells which. */
function changes({ changes, paths }: Comparison): string[] {
  if (changes.length === 0) return [];
  const places = (paths.length > 1 ? (Object.keys(where) as Where[]) : (["all"] as const)).filter(
    (place) => place !== "unknown" || changes.some((row) => whereOf(row) === place),
  );
  const rows = [...Map.groupBy(changes, ({ kind }) => kind)].map(([kind, own]) => [
    kind,
    ...places.map((place) => String(own.filter((row) => whereOf(row) === place).length)),
  ]);
  return columns([["", ...(paths.length > 1 ? places.map((place) => where[place]) : ["changed"])], ...rows]);
}

/** Words in lines, each begun with `indent`, the first one with `first`. */
function wrapped(text: string, indent: string, first = indent): string[] {
  const lines: string[] = [];
  let line = first;
  for (const word of text.split(/\s+/)) {
    const empty = line === first && lines.length === 0 ? first : indent;
    if (line !== empty && line.length + 1 + word.length > width) {
      lines.push(line);
      line = indent;
    }
    line += line === first || line === indent ? word : ` ${word}`;
  }
  return [...lines, line];
}
