import type { Run } from "#harness/model/run";
import type { Scenario } from "#harness/model/scenario";
import { pagedSteps } from "#harness/provision/step-pages";
import { resolve } from "#harness/topology/resolve";

/** What a person is told of a lab that stays up, with the step that it was raised until, if it was not raised whole. */
export function howToEnter(
  { id, topology, cluster }: Scenario,
  run: Pick<Run, "id" | "folder">,
  until?: string,
): string {
  const { nodes, segments } = topology;
  const page = pagedSteps(until === undefined ? [] : cluster.provisioner.plan(cluster, resolve(topology))).find(
    ({ name }) => name === until,
  )?.page;
  const look = page?.look.map(({ on, command, shows }) => `\n  on ${on}, ${shows}:\n    ${command}\n`) ?? [];
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
${page ? `\n  ${page.does}\n${look.join("")}` : ""}`;
}
