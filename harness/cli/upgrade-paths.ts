import { readdir } from "node:fs/promises";
import { basename, join } from "node:path";
import { pathToFileURL } from "node:url";
import { Misdeclared } from "../model/errors.ts";
import type { Version } from "../model/units.ts";
import type { Component, Hop, Releases, UpgradePath } from "../model/upgrade.ts";
import { compareVersions, components, problemsOf } from "../upgrade/path.ts";
import { project } from "./scenarios.ts";

export type Available = Readonly<Record<Component, readonly Version[]>>;

/** How a path is written on the command line. */
export const pathSyntax = `
A path is a name that \`hardway upgrade --list\` shows, or is written, without spaces, as
<provisioner>:<releases of Kubernetes>[,<word>…], such as

  kubeadm:1.34.4..1.35.4..1.36.3,etcd=3.5.27..3.6.16,no-drain,workers=2

  1.34.4..1.35.4     the first release runs before, the second after the first hop, and so on
  etcd= containerd= cni=
                     the same for these; what has no release left for a hop stays, what is not named
                     is the newest throughout, and by-hand:1.36.3,etcd=3.5.27..3.6.16 is one hop
  drain, no-drain    whether pods are evicted before their node is touched (default: drain)
  workers=<n>        how many workers at the same time (default: 1)
  surge=<machine>    this spare worker joins first and leaves last
  rollback           hops that go backwards are meant
  downgrade=<how>    how etcd goes back in them: enabled (default), or forced
  <component>.<flag>=<value>
                     a flag that the component is given with the first hop: etcd.quota-backend-bytes=2G

A path of Kubespray's own versions, tags or other refs of HARDWAY_KUBESPRAY, is written as

  'kubespray:v2.30.0..v2.31.0?serial=1&drain=false'

  serial=            workers at the same time, a number or a share: 1, 50% (default: Kubespray's own 20%)
  drain=             true (default) or false
  kubernetes= etcd= containerd= cni=
                     a release for each version, instead of Kubespray's own: kubernetes=1.34.3..1.35.4
  rollback=true      hops that go backwards are meant
  drain_timeout= …   variables of its roles upgrade/pre-upgrade and upgrade/post-upgrade`;

const provisioners = ["by-hand", "kubeadm", "kubespray"] as const satisfies readonly UpgradePath["provisioner"][];

/** Every release that a path may name. */
export async function releasesHere(): Promise<Available> {
  const { versions, earlier } = (await import(pathToFileURL(join(project, "fixtures/versions.ts")).href)) as {
    versions: Readonly<Record<string, Version>>;
    earlier: Readonly<Record<string, readonly Version[]>>;
  };
  const of = (name: string) => [...(earlier[name] ?? []), ...(versions[name] ? [versions[name]] : [])];
  return { kubernetes: of("kubernetes"), etcd: of("etcd"), containerd: of("containerd"), cni: of("flannel") };
}

/** Every path of fixtures/upgrades/paths, by name. Throws `Misdeclared` for one that is called otherwise than its file. */
export async function namedPaths(folder = join(project, "fixtures/upgrades/paths")): Promise<UpgradePath[]> {
  const files = (await readdir(folder)).filter((file) => file.endsWith(".ts") && !file.endsWith(".test.ts")).sort();
  return Promise.all(
    files.map(async (file) => {
      const { default: path } = (await import(pathToFileURL(join(folder, file)).href)) as { default?: UpgradePath };
      if (path?.name === basename(file, ".ts")) return path;
      throw new Misdeclared(join(folder, file), [`its default export is no path named ${basename(file, ".ts")}`]);
    }),
  );
}

/** Whether words are meant as a path of Kubespray's versions. */
export const isKubespray = (text: string): boolean => text.startsWith("kubespray:");

/** What Kubespray's fixtures make of paths and settings: they come in here, by path at run time. */
export const loadKubespray = <T>(file: string): Promise<T> =>
  import(pathToFileURL(join(project, "fixtures/provisioners/kubespray", file)).href);

/** Whether words are meant as a path, and not as the name of one or of a run. */
export const isWritten = (text: string): boolean => text.includes(":");

/** A path from words of the command line, with everything that is wrong with it. */
export function writtenPath(text: string, available: Available): { path: UpgradePath; problems: string[] } {
  const [provisioner = "", rest = ""] = split(text, ":");
  const [kubernetes = "", ...words] = rest.split(",");
  const problems: string[] = [];
  const known = provisioners.find((name) => name === provisioner);
  if (!known) problems.push(`"${provisioner}" is no provisioner; there is ${provisioners.join(", ")}`);

  const newest = components.map((component) => [component, [available[component].at(-1) ?? ""]]);
  const chains: Record<Component, Version[]> = Object.fromEntries(newest);
  chains.kubernetes = kubernetes.split("..");
  const settings: Record<string, Record<string, string>> = {};
  let workers: UpgradePath["workers"] = { atOnce: 1 };
  let drain = true;
  let rollback = false;
  let downgrade: Hop["downgrade"];

  const seen = new Set<string>();
  for (const word of words) {
    const [key = "", value] = split(word, "=");
    const topic = key === "no-drain" ? "drain" : key === "surge" ? "workers" : key;
    if (seen.has(topic)) problems.push(`"${word}": ${topic} is said twice`);
    seen.add(topic);
    const component = components.find((name) => name === key);
    const [of, flag] = split(key, ".");
    if (component && value) chains[component] = value.split("..");
    else if (key === "workers" && /^\d+$/.test(value ?? "")) workers = { atOnce: Number(value) };
    else if (key === "surge" && value) workers = { surge: value };
    else if (key === "downgrade" && (value === "enabled" || value === "forced")) downgrade = value;
    else if (value === undefined && topic === "drain") drain = key === "drain";
    else if (word === "rollback") rollback = true;
    else if (of && flag && value !== undefined) settings[of] = { ...settings[of], [flag]: value };
    else problems.push(`"${word}" means nothing here; npx hardway upgrade --help tells what does`);
  }

  const from = firsts(chains);
  const count = Math.max(...components.map((component) => chains[component].length)) - 1;
  const hops = Array.from({ length: count }, (_, index): Hop => {
    const to = changesOf(chains, index);
    const back = components.some(
      (component) => to[component] && compareVersions(before(chains, index)[component], to[component]) === 1,
    );
    return {
      to,
      ...(rollback && back && { rollback: true, ...(downgrade && { downgrade }) }),
      ...(index === 0 && Object.keys(settings).length > 0 && { settings }),
    };
  });
  if (rollback && !hops.some((hop) => hop.rollback)) problems.push("rollback: no hop goes backwards");
  if (downgrade && !rollback) problems.push("downgrade: it says how a rollback is done, and there is none");

  const path: UpgradePath = {
    name: text.replaceAll(/[^A-Za-z0-9.-]+/g, "-").replaceAll("..", "-"),
    title: titleOf(provisioner, chains, drain, workers),
    provisioner: known ?? "by-hand",
    from,
    // Without a hop it is no path; that is one of the problems then.
    hops: hops as unknown as UpgradePath["hops"],
    workers,
    drain,
  };
  return { path, problems: [...problems, ...problemsOf(path, available)] };
}

/** In two at the first separator. */
function split(text: string, separator: string): [string, string?] {
  const at = text.indexOf(separator);
  return at < 0 ? [text] : [text.slice(0, at), text.slice(at + separator.length)];
}

type Chains = Readonly<Record<Component, readonly Version[]>>;

/** What runs before a hop. */
const before = (chains: Chains, hop: number): Releases =>
  Object.fromEntries(
    components.map((component) => [component, chains[component][hop] ?? chains[component].at(-1)]),
  ) as unknown as Releases;

const firsts = (chains: Chains): Releases => before(chains, 0);

function changesOf(chains: Chains, hop: number): Hop["to"] {
  const [was, is] = [before(chains, hop), before(chains, hop + 1)];
  return Object.fromEntries(components.filter((c) => was[c] !== is[c]).map((c) => [c, is[c]]));
}

function titleOf(provisioner: string, chains: Chains, drain: boolean, workers: UpgradePath["workers"]): string {
  const moves = components.filter((component) => chains[component].length > 1);
  return [
    provisioner,
    ...moves.map((component) => `${component} ${chains[component].join(" → ")}`),
    "surge" in workers
      ? `with ${workers.surge} to spare`
      : workers.atOnce === 1
        ? "a worker at a time"
        : `${workers.atOnce} workers at a time`,
    drain ? "drained" : "not drained",
  ].join(", ");
}
