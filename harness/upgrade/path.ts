import type { Version } from "../model/units.ts";
import type { Component, Releases, UpgradePath } from "../model/upgrade.ts";

/** In the order in which people name them. */
export const components = ["kubernetes", "etcd", "containerd", "cni"] as const satisfies readonly Component[];

/** What runs before the hop of this index; after the last one for an index behind it. */
export function releasesAt({ from, hops }: UpgradePath, hop: number): Releases {
  return Object.assign({}, from, ...hops.slice(0, hop).map(({ to }) => to));
}

/** What a hop changes: "kubernetes 1.34.4 → 1.35.4, etcd 3.5.27 → 3.6.16, etcd --quota-backend-bytes=2G". */
export function titleOf(path: UpgradePath, hop: number): string {
  const [before, after] = [releasesAt(path, hop), releasesAt(path, hop + 1)];
  const changes = components
    .filter((component) => before[component] !== after[component])
    .map((component) => `${component} ${before[component]} → ${after[component]}`);
  const settings = Object.entries(path.hops[hop]?.settings ?? {}).flatMap(([component, flags]) =>
    Object.entries(flags).map(([flag, value]) => `${component} --${flag}=${value}`),
  );
  return [...changes, ...settings].join(", ");
}

/** What a hop gives flags to beyond those that take any, as sentences: nobody would get them. */
export function flagProblems({ hops, provisioner }: UpgradePath, hop: number, takers: readonly string[]): string[] {
  return Object.keys(hops[hop]?.settings ?? {})
    .filter((component) => !takers.includes(component))
    .map(
      (component) =>
        `hop ${hop + 1}: ${provisioner} gives ${component} no flags in it; it gives them to ${takers.join(", ") || "nothing"}`,
    );
}

/** Everything that is wrong with a path, as sentences, when these releases can be had. */
export function problemsOf(path: UpgradePath, available: Readonly<Record<Component, readonly Version[]>>): string[] {
  const { from, hops, workers } = path;
  const problems: string[] = [];
  const known = (where: string, component: Component, version: Version) => {
    const had = available[component];
    if (!had.includes(version))
      problems.push(`${where}: there is no ${component} ${version} here; there is ${had.join(", ")}`);
  };
  for (const component of components) known("at the beginning", component, from[component]);
  if (hops.length === 0) problems.push("it has no hop");
  hops.forEach((hop, index) => {
    const where = `hop ${index + 1}`;
    const before = releasesAt(path, index);
    const changed = components.filter((component) => hop.to[component] !== undefined);
    for (const component of changed) known(where, component, hop.to[component] as Version);
    const moves = changed.map((component) => compareVersions(before[component], hop.to[component] as Version));
    if (moves.every((move) => move === 0) && hop.settings === undefined) problems.push(`${where} changes nothing`);
    changed.forEach((component, nth) => {
      if (moves[nth] === 1 && !hop.rollback)
        problems.push(
          `${where} goes backwards, ${component} ${before[component]} → ${hop.to[component]}; if that is meant, say so with \`rollback\``,
        );
    });
    if (hop.rollback && !moves.includes(1)) problems.push(`${where} is called a rollback and goes back nowhere`);
    if (hop.downgrade && !hop.rollback) problems.push(`${where} says how etcd is downgraded and is no rollback`);
  });
  if ("atOnce" in workers && !(Number.isInteger(workers.atOnce) && workers.atOnce > 0))
    problems.push(`${workers.atOnce} workers at once: it must be a whole number, 1 or more`);
  return problems;
}

/** -1 where the first is older, 1 where it is newer. Numbers only, as all pinned versions are. */
export function compareVersions(one: Version, other: Version): -1 | 0 | 1 {
  const [a, b] = [one, other].map((version) => version.split(".").map(Number)) as [number[], number[]];
  for (let i = 0; i < Math.max(a.length, b.length); i++) {
    const [x = 0, y = 0] = [a[i], b[i]];
    if (x !== y) return x < y ? -1 : 1;
  }
  return 0;
}
