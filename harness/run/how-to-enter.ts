import type { Run } from "#harness/model/run";
import type { Scenario } from "#harness/model/scenario";

/** What a person is told of a lab that stays up, with the step that it was raised until, if it was not raised whole. */
export function howToEnter(
  { id, topology: { nodes, segments } }: Scenario,
  run: Pick<Run, "id" | "folder">,
  until?: string,
): string {
  const [machine = "fabric"] = Object.keys(nodes);
  const [segment] = Object.keys(segments);
  return `
${id} is up${until === undefined ? "" : `, until "${until}"`} and stays up: run ${run.id}
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
