import { screenProgress } from "../host/progress.ts";
import type { Scenario } from "../model/scenario.ts";
import { raiseLab } from "../run/lifecycle.ts";
import { exitCodes } from "./exit.ts";
import { loadScenario } from "./scenarios.ts";

export interface UpOptions {
  readonly variant?: string;
  readonly until?: string;
}

/** Raises a lab and leaves it up. Prints how to enter it. */
export async function up(folder: string, { variant, until }: UpOptions): Promise<number> {
  const scenario = await loadScenario(folder, variant);
  const lab = await raiseLab(scenario, { progress: screenProgress(), ...(until !== undefined && { until }) });
  await lab.lower({ outcome: "conforms", keep: true });
  process.stdout.write(howToEnter(scenario, lab.run, until));
  return exitCodes.conforms;
}

function howToEnter(scenario: Scenario, run: { id: string; folder: string }, until: string | undefined): string {
  const { nodes, segments } = scenario.topology;
  const [machine = "fabric"] = Object.keys(nodes);
  const [segment] = Object.keys(segments);
  return `
${scenario.id} is up${until === undefined ? "" : `, until "${until}"`} and stays up: run ${run.id}
  machines  ${Object.keys(nodes).join(" ")}
  segments  ${Object.entries(segments)
    .map(([name, cidr]) => `${name} ${cidr}`)
    .join(", ")}
  folder    ${run.folder}

  npx hardway shell ${machine}
  npx hardway kubectl -- get nodes -o wide
  npx hardway capture ${segment}
  npx hardway down ${run.id}
`;
}
