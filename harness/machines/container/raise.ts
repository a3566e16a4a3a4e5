import { createHash } from "node:crypto";
import type { Container, MountConfig } from "dockerode";
import { fabricOn, type LabFabric } from "#harness/fabric/wires";
import { hostsOf } from "#harness/fabric/wiring";
import { HardwayError, LabBroken, reasonOf } from "#harness/model/errors";
import type { Prepared, RaisedLab } from "#harness/model/machines";
import type { Progress } from "#harness/model/progress";
import type { Run } from "#harness/model/run";
import type { ResolvedNode, ResolvedTopology } from "#harness/model/topology";
import { findRun, registerRun } from "#harness/run/registry";
import { engine } from "./engine.ts";
import { startContainer } from "./lab-container.ts";
import { label, runLabels } from "./labels.ts";
import { ContainerMachine } from "./machine.ts";
import {
  bootScript,
  fabricHostConfig,
  forgetProfile,
  machineHostConfig,
  nodeProfile,
  type Profile,
  wiredGate,
} from "./profile.ts";
import { recordIn } from "./record.ts";
import { shellIn } from "./shell.ts";
import { cloneStores, storePath } from "./store.ts";
import { removeRun } from "./sweep.ts";

/** A run as far as machines need it. */
export type MachineRun = Pick<Run, "id" | "scenario" | "folder" | "journal" | "signal">;

/** Disks of a cluster's machines beside their first: overlayfs cannot lie on overlayfs, so these are volumes. */
const volumePaths = [storePath, "/var/lib/kubelet"];

/**
 * A name server that nobody is (TEST-NET-1, RFC 5737): the lab's names are in /etc/hosts, and the engine's own
 * resolver would be this computer's.
 */
const noResolver = "192.0.2.53";

const containerName = (run: string, what: string): string => `hardway-${run}-${what}`.replaceAll(/[^\w.-]/g, "-");

/** Raises all machines of a topology at once and wires them. See `MachineBackend.raise`. */
export async function raiseLab(
  topology: ResolvedTopology,
  prepared: Prepared,
  run: MachineRun,
  progress: Progress,
): Promise<RaisedLab> {
  const image = prepared.machineImage;
  registerRun(run);
  const line = progress.begin(`raise ${topology.nodes.length} machines`);
  try {
    const profile = await nodeProfile(image);
    run.signal.throwIfAborted();
    const fabricStarting = startFabric(image, topology, run);
    const stores = storesFor(topology, prepared, run);
    const starting = topology.nodes.map(async (node) =>
      startMachine(image, profile, node, topology, run, (await stores).get(node.name)),
    );
    const settled = await Promise.allSettled([fabricStarting, ...starting]);
    const failed = settled.find((result) => result.status === "rejected");
    if (failed) {
      await forgetProfile();
      throw failed.reason;
    }
    run.signal.throwIfAborted();
    const lab = labOf(topology, await fabricStarting, await Promise.all(starting), run);
    line.note("wiring");
    const changed = await lab.fabric.wire(await Promise.all(lab.list.map((machine) => machine.socket())));
    for (const change of changed) progress.begin(change).done();
    line.note("booting");
    await Promise.all(lab.list.map((machine) => machine.booted(run.signal)));
    run.signal.throwIfAborted();
    line.done();
    return { ...lab, [Symbol.asyncDispose]: async () => void (await removeRun(run.id)) };
  } catch (cause) {
    line.failed(reasonOf(cause));
    await removeRun(run.id);
    if (cause instanceof HardwayError || run.signal.aborted) throw cause;
    throw new LabBroken("the machines could not be raised", {
      who: run.id,
      seen: reasonOf(cause),
      cause,
    });
  }
}

/** A lab that another process raised, or this one earlier. Disposing lets go of it and leaves it up. */
export async function attachLab(runId: string, journal: Pick<Run["journal"], "write" | "attach">): Promise<RaisedLab> {
  const { docker } = await engine();
  const found = await docker.listContainers({ filters: { label: [`${label.run}=${runId}`] }, all: true });
  const fabric = found.find((container) => container.Labels[label.is] === "fabric");
  const folder = findRun(runId)?.folder;
  if (!fabric || folder === undefined)
    throw new LabBroken("no such lab is up", { who: runId, look: "npx hardway status" });
  const topology: ResolvedTopology = JSON.parse(fabric.Labels[label.topology] ?? "");
  const machines = topology.nodes.map((node) => {
    const container = found.find(({ Labels }) => Labels[label.is] === "machine" && Labels[label.node] === node.name);
    if (!container)
      throw new LabBroken("the machine is gone", { who: node.name, look: "npx hardway status --leftovers" });
    return docker.getContainer(container.Id);
  });
  const lab = labOf(topology, docker.getContainer(fabric.Id), machines, { folder, journal });
  return { ...lab, [Symbol.asyncDispose]: async () => undefined };
}

interface WiredLab {
  readonly machines: ReadonlyMap<string, ContainerMachine>;
  readonly list: readonly ContainerMachine[];
  readonly fabric: LabFabric;
}

function labOf(
  topology: ResolvedTopology,
  fabricContainer: Container,
  containers: readonly Container[],
  run: Pick<Run, "folder" | "journal">,
): WiredLab {
  const host = {
    sh: shellIn(fabricContainer, "fabric", run.journal),
    record: (argv: readonly string[], file: string, ready: RegExp) =>
      recordIn(fabricContainer, "fabric", argv, file, ready),
  };
  const fabric = fabricOn(host, topology, run, wiredGate);
  const list = containers.flatMap((container, index) => {
    const node = topology.nodes[index];
    return node ? [new ContainerMachine(node, container, shellIn(container, node.name, run.journal), fabric)] : [];
  });
  return { fabric, list, machines: new Map(list.map((machine) => [machine.name, machine])) };
}

const isClustered = ({ role }: ResolvedNode): boolean => role === "control-plane" || role === "worker";

/** The containerd store of each machine of the cluster, as the backend prepared it. */
async function storesFor(
  { nodes }: ResolvedTopology,
  { machineImage, detail }: Prepared,
  run: MachineRun,
): Promise<ReadonlyMap<string, string>> {
  const clustered = nodes.filter(isClustered).map(({ name }) => name);
  if (detail.store === undefined || clustered.length === 0) return new Map();
  return cloneStores(machineImage, detail.store, run.id, clustered);
}

function startFabric(image: string, topology: ResolvedTopology, run: MachineRun): Promise<Container> {
  return startContainer(image, {
    name: containerName(run.id, "fabric"),
    Hostname: "fabric",
    Entrypoint: ["/bin/sleep", "infinity"],
    Labels: {
      ...runLabels("fabric", run.id),
      [label.scenario]: run.scenario,
      [label.topology]: JSON.stringify(topology, (key, value) => (key === "software" ? undefined : value)),
    },
    HostConfig: fabricHostConfig(),
  });
}

function startMachine(
  image: string,
  profile: Profile,
  node: ResolvedNode,
  topology: ResolvedTopology,
  run: MachineRun,
  store: string | undefined,
): Promise<Container> {
  const labels = { ...runLabels("machine", run.id), [label.node]: node.name, [label.scenario]: run.scenario };
  const hosts = hostsOf(node, topology).map(({ name, address }) => `${name}:${address}`);
  // containerd and kubelet start where these are mounts, so nobody else has them.
  const disks = (isClustered(node) ? volumePaths : []).map((Target): MountConfig[number] => ({
    Type: "volume",
    Source: Target === storePath ? (store ?? "") : "",
    Target,
    VolumeOptions: { NoCopy: true, Labels: runLabels("volume", run.id), DriverConfig: { Name: "local", Options: {} } },
  }));
  return startContainer(image, {
    name: containerName(run.id, node.name),
    Hostname: node.name,
    Entrypoint: ["/bin/sh", "-c", bootScript],
    Cmd: [],
    // systemd takes its machine ID from here: one per machine, the same after a power cut.
    Env: ["container=docker", `container_uuid=${uuidOf(`${run.id}/${node.name}`)}`],
    Tty: true,
    Labels: labels,
    HostConfig: { ...machineHostConfig(profile), ExtraHosts: hosts, Dns: [noResolver], Mounts: disks },
  });
}

const uuidOf = (text: string): string =>
  createHash("sha256")
    .update(text)
    .digest("hex")
    .slice(0, 32)
    .replace(/(.{8})(.{4})(.{4})(.{4})/, "$1-$2-$3-$4-");
