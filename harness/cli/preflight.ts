import { Misdeclared } from "../model/errors.ts";
import type { Change, Component, Forecast, Releases } from "../model/upgrade.ts";
import { components } from "../upgrade/path.ts";
import { exitCodes } from "./exit.ts";
import { print } from "./print.ts";
import { isKubespray, loadKubespray } from "./upgrade-paths.ts";

export interface PreflightOptions {
  /** The user's changed variables, YAML or JSON. */
  readonly settings?: string;
  readonly defaults?: true;
  readonly json?: true;
}

/** What is known of one hop before it is taken. */
interface Hop {
  readonly from: string;
  readonly to: string;
  readonly releases?: readonly [Releases, Releases];
  readonly forecasts: readonly Forecast[];
  readonly changes: readonly Change[];
}

type Settings = Readonly<Record<string, unknown>>;

interface Kubespray {
  readonly readPath: (text: string) => {
    readonly versions: readonly unknown[];
    readonly pinned: readonly Settings[];
    readonly problems: readonly string[];
  };
  readonly preflight: (versions: readonly unknown[], settings: Settings, pinned: readonly Settings[]) => readonly Hop[];
  readonly changedVariables: (file: string) => Settings;
}

/**
 * Prints what each hop of a path means for the user's settings. The exit code is `violates` where a hop will fail or
 * something that works will not. Throws `Misdeclared` with everything that is wrong with the path or the file, and `Unsupported`
 * where no Kubespray is given.
 */
export async function preflight(wanted: string, { settings, defaults, json }: PreflightOptions): Promise<number> {
  if (!isKubespray(wanted))
    throw new Misdeclared(`the path ${wanted}`, ["it is none of Kubespray's: write kubespray:v2.30.0..v2.31.0"], {
      look: "npx hardway preflight --help",
    });
  const files = ["path.ts", "preflight.ts", "settings.ts"];
  const loaded = await Promise.all(files.map((file) => loadKubespray<Partial<Kubespray>>(file)));
  const kubespray = Object.assign({}, ...loaded) as Kubespray;
  const { versions, pinned, problems } = kubespray.readPath(wanted);
  if (problems.length > 0)
    throw new Misdeclared(`the path ${wanted}`, problems, { look: "npx hardway preflight --help" });
  const changed = settings === undefined ? {} : kubespray.changedVariables(settings);
  const hops = kubespray.preflight(versions, changed, pinned);
  print(json ? JSON.stringify(hops, null, 2) : hops.map((hop) => told(hop, defaults ?? false)).join("\n\n"));
  const serious = hops.some(({ forecasts }) => forecasts.some(({ severity }) => severity !== "changes"));
  return serious ? exitCodes.violates : exitCodes.conforms;
}

const severities = ["stops", "breaks", "changes"] as const satisfies readonly Forecast["severity"][];

function told({ from, to, releases, forecasts, changes }: Hop, all: boolean): string {
  const lines = severities.flatMap((severity) =>
    forecasts.filter((one) => one.severity === severity).map(({ says }) => `  ${severity.padEnd(8)} ${says}`),
  );
  return [
    `${from} → ${to}${releases ? `: ${movesOf(releases)}` : ""}`,
    ...(lines.length > 0 ? lines : ["  nothing is known that stops it, breaks something or touches the settings"]),
    ...(all ? changes.map((change) => `  ${defaultLine(change)}`) : [`  ${countsOf(changes)}`]),
  ].join("\n");
}

const movesOf = ([before, after]: readonly [Releases, Releases]): string =>
  components
    .filter((component: Component) => before[component] !== after[component])
    .map((component) => `${component === "cni" ? "calico" : component} ${before[component]} → ${after[component]}`)
    .join(", ");

const defaultLine = ({ what, before, after }: Change): string =>
  before === undefined
    ? `+ ${what}: ${after}`
    : after === undefined
      ? `- ${what}: ${before}`
      : `~ ${what}: ${before} → ${after}`;

function countsOf(changes: readonly Change[]): string {
  const fresh = changes.filter(({ before }) => before === undefined).length;
  const gone = changes.filter(({ after }) => after === undefined).length;
  return `defaults: ${changes.length - fresh - gone} are others, ${fresh} are new, ${gone} are gone; --defaults lists them`;
}
