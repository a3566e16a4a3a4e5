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

/**
 * What stops a hop is told by how the hop ended. Of all else only that is known to have come true whose subject is
 * among what changed, named in the forecast to the letter.
 */
function cameOf({ severity, hop, says }: Forecast, run: UpgradeReport): Omit<Foretold, "runs"> {
  const taken = run.hops[hop];
  if (!taken || taken.ended === "skipped") return { came: "untold", because: "the hop was not taken" };
  if (severity === "stops")
    return taken.ended === "done"
      ? { came: "false", because: "the hop was done" }
      : { came: "true", because: `the hop ${endings[taken.ended]}` };
  const seen = run.changes?.find(({ what }) => says.includes(what));
  if (seen) return { came: "true", because: `seen to change: ${seen.what}` };
  return { came: "untold", because: run.changes ? "not among what was looked at" : "nothing was looked at afterwards" };
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
