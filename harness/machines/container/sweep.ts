import type { ContainerInfo } from "dockerode";
import { findRun, forgetRun, listRuns, stateOf } from "#harness/run/registry";
import { answered, engine } from "./engine.ts";
import { removeContainer } from "./lab-container.ts";
import { label, runOf } from "./labels.ts";

const nameOf = (container: ContainerInfo): string => container.Names[0]?.slice(1) ?? container.Id.slice(0, 12);

const labelled = (filter: string) => ({ filters: { label: [filter] } });

interface Volume {
  readonly Name: string;
  readonly Labels: Record<string, string>;
}

async function containers(filter: string): Promise<ContainerInfo[]> {
  return (await engine()).docker.listContainers({ all: true, ...labelled(filter) });
}

async function volumes(filter: string): Promise<readonly Volume[]> {
  const { Volumes } = await (await engine()).docker.listVolumes(labelled(filter));
  return Volumes ?? [];
}

async function removeVolume(name: string): Promise<void> {
  const { docker } = await engine();
  await docker
    .getVolume(name)
    .remove()
    .catch((error) => {
      if (!answered(error, 404)) throw error;
    });
}

/**
 * Removes all that one run has in the engine: containers in parallel, then volumes.
 * Their own volumes go with containers; machines' stores go after them. Tries everything before it throws what went wrong.
 */
export async function removeRun(id: string): Promise<string[]> {
  const { docker } = await engine();
  const filter = `${label.run}=${id}`;
  const found = await containers(filter);
  const removed = await Promise.allSettled(found.map((c) => removeContainer(docker.getContainer(c.Id))));
  const left = await volumes(filter);
  removed.push(...(await Promise.allSettled(left.map(({ Name }) => removeVolume(Name)))));
  const failed = removed.find((result) => result.status === "rejected");
  if (failed) throw failed.reason;
  forgetRun(id);
  return [...found.map((c) => `container ${nameOf(c)}`), ...left.map(({ Name }) => `volume ${Name}`)];
}

/**
 * Removes what dead runs left. A run is dead when the process that its labels name has ended and the run was not kept;
 * what is being made by a live one, what is kept, what belongs to somebody elsewhere or to another user, and what carries
 * no run at all (images, a cache) is not touched. Two sweeps at once do not hurt each other: what one has removed is gone
 * for the other.
 */
export async function sweepDead(): Promise<string[]> {
  const dead = new Map<string, string>();
  const things = [...(await containers(label.is)), ...(await volumes(label.is))];
  for (const { Labels } of things) {
    const run = runOf(Labels);
    if (run && stateOf(run.id, run.owner) === "dead") dead.set(run.id, `process ${run.owner.pid} ended`);
  }
  for (const run of listRuns())
    if (run.state === "dead" && !run.borrowed) dead.set(run.id, `process ${run.owner.pid} ended`);
  const lines = await Promise.all(
    [...dead].map(async ([id, because]) => {
      const removed = await removeRun(id);
      return removed.map((thing) => `${thing} of run ${id}: ${because}`);
    }),
  );
  return lines.flat();
}

/**
 * Everything per run that is in the engine now, one line each. Bridges, veth pairs, network namespaces and processes
 * need no looking for: they live inside these containers and end with them, the kernel sees to that.
 */
export async function leftoverLines(): Promise<string[]> {
  const lineOf = (what: string, labels: Record<string, string>): string[] => {
    const run = runOf(labels);
    if (!run) return [];
    const state = stateOf(run.id, run.owner);
    const folder = findRun(run.id)?.folder;
    return [`${what}: ${labels[label.is]} of run ${run.id} (${state}${folder ? `, ${folder}` : ""})`];
  };
  const [boxes, disks] = await Promise.all([containers(label.is), volumes(label.is)]);
  return [
    ...boxes.flatMap((c) => lineOf(`container ${nameOf(c)}`, c.Labels)),
    ...disks.flatMap((v) => lineOf(`volume ${v.Name}`, v.Labels)),
  ];
}
