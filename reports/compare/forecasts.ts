import { hides } from "#harness/model/unseen";
import type { Forecast, UpgradeReport } from "#harness/model/upgrade";
import type { ComparedPath, ForecastRow, Foretold, Unforeseen } from "./model.ts";

/** Every forecast once, with the paths that it was made of and whether it came true there; by hop, the worst first. */
export function forecastRows(paths: readonly ComparedPath[]): ForecastRow[] {
  const all = paths.flatMap(({ runs }) => runs.flatMap(({ forecasts }) => forecasts));
  const distinct = new Map(all.map((forecast) => [keyOf(forecast), forecast]));
  return [...distinct.values()]
    .sort((a, b) => a.hop - b.hop || severities.indexOf(a.severity) - severities.indexOf(b.severity))
    .map((forecast) => ({ ...forecast, paths: paths.map(({ runs }) => foretold(forecast, runs)) }));
}

const severities: readonly Forecast["severity"][] = ["stops", "breaks", "changes"];

const keyOf = ({ hop, severity, kind, says }: Forecast): string => JSON.stringify([hop, severity, kind, says]);

function foretold(forecast: Forecast, all: readonly UpgradeReport[]): Foretold | null {
  const runs = all.filter(({ forecasts }) => forecasts.some((other) => keyOf(other) === keyOf(forecast)));
  const [first, ...others] = runs.map((run) => cameOf(forecast, run));
  if (!first) return null;
  const agreed = others.every(({ came }) => came === first.came);
  return { runs: runs.length, ...(agreed ? first : { came: "untold", because: "it did in some runs only" }) };
}

/** What stops a hop is told by how it ended, and whether an API went by what changed. Of all else nothing is recorded. */
function cameOf({ severity, hop, kind, says }: Forecast, { hops, changes }: UpgradeReport): Omit<Foretold, "runs"> {
  const taken = hops[hop];
  if (!taken || taken.ended === "skipped") return { came: "untold", because: "the hop was not taken" };
  if (severity === "stops")
    return taken.ended === "done"
      ? { came: "false", because: "the hop was done" }
      : { came: "true", because: `the hop ${endings[taken.ended]}` };
  if (taken.ended !== "done") return { came: "untold", because: `the hop ${endings[taken.ended]}` };
  if (severity === "breaks" && kind === "deprecated-api" && changes) {
    const gone = changes.find(({ kind, what, after }) => kind === "api" && after === undefined && says.includes(what));
    if (gone) return { came: "true", because: `${gone.what} is gone` };
    const api = { kind: "api", on: "cluster", what: "" } as const;
    return changes.some((change) => change.kind === "unseen" && hides(change, api))
      ? { came: "untold", because: "the API could not be looked at" }
      : { came: "false", because: "no API of it is gone" };
  }
  return { came: "untold", because: "nothing that was recorded tells" };
}

const endings = { refused: "was refused", failed: "failed" } as const;

/** Hops that did not end well although nothing that was foretold stops them. Each path's reason is told once. */
export function unforeseen(paths: readonly ComparedPath[]): Unforeseen[] {
  const all = paths.flatMap(({ runs }, path) =>
    runs.flatMap(({ hops, forecasts }) =>
      hops.flatMap(({ ended, because = "" }, hop): Unforeseen[] =>
        (ended === "refused" || ended === "failed") &&
        !forecasts.some((forecast) => forecast.hop === hop && forecast.severity === "stops")
          ? [{ path, hop, ended, because }]
          : [],
      ),
    ),
  );
  return [...new Map(all.map((one) => [JSON.stringify([one.path, one.hop, one.ended]), one])).values()];
}
