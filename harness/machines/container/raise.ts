import type { Container, MountConfig } from "dockerode";
import { fabricOn, type LabFabric } from "#harness/fabric/wires";
import { hostsOf, isGuest } from "#harness/fabric/wiring";
import { HardwayError, LabBroken, reasonOf } from "#harness/model/errors";
import type { Prepared, RaisedLab } from "#harness/model/machines";
import type { Progress, ProgressLine } from "#harness/model/progress";
import type { Run } from "#harness/model/run";
import type { ResolvedNode, ResolvedTopology } from "#harness/model/topology";
import { findRun, registerRun } from "#harness/run/registry";
import { putFiles } from "../files.ts";
import { machineIdOf } from "../machine-id.ts";
import { hasSshd, sshdConfig, sshdKeys } from "../sshd.ts";
import { type Access, accessFrom, accessOf, hullKeys, newLabKeys } from "../vm/access.ts";
import { emulatorNamed } from "../vm/emulators.ts";
import { hullOptions } from "../vm/hull.ts";
import { prepareHull, VmMachine } from "../vm/machine.ts";
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
  noResolver,
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

const containerName = (run: string, what: string): string => `hardway-${run}-${what}`.replaceAll(/[^\w.-]/g, "-");

/** Raises all machines of a topology at once and wires them: containers, and VMs in their hulls. See `MachineBackend.raise`. */
export async function raiseLab(
  topology: ResolvedTopology,
  prepared: Prepared,
  run: MachineRun,
  progress: Progress,
): Promise<RaisedLab> {
  const image = prepared.machineImage;
  registerRun(run);
  const line = progress.begin(`raise ${topology.nodes.length} machines`);
  let lab: WiredLab | undefined;
  const lower = async () => {
    await lab?.letGo();
    await removeRun(run.id);
  };
  try {
    const profile = await nodeProfile(image);
    run.signal.throwIfAborted();
    const fabricStarting = startFabric(image, topology, run);
    const stores = storesFor(topology, prepared, run);
    const guests = topology.nodes.filter(isGuest);
    const starting = topology.nodes.map(async (node) =>
      isGuest(node)
        ? startHull(prepared, node, guests.indexOf(node), run)
        : startMachine(image, profile, node, topology, run, (await stores).get(node.name)),
    );
    const settled = await Promise.allSettled([fabricStarting, ...starting]);
    const failed = settled.find((result) => result.status === "rejected");
    if (failed) {
      await forgetProfile();
      throw failed.reason;
    }
    run.signal.throwIfAborted();
    const keys = newLabKeys();
    lab = labOf(topology, await fabricStarting, await Promise.all(starting), run, accessOf(keys));
    const { fabric, list } = lab;
    const sshd = hasSshd(prepared.images);
    if (sshd) await putFiles(fabric.sh, hullKeys(keys));
    await Promise.all(
      list.map((machine) => {
        if (machine instanceof VmMachine) return prepareHull(machine.hull, topology, run.id, keys);
        return sshd && machine.put({ "/etc/ssh/sshd_config": sshdConfig, ...sshdKeys(keys) });
      }),
    );
    line.note("wiring");
    const changed = await fabric.wire(await Promise.all(list.map((machine) => machine.socket())));
    for (const change of changed) progress.begin(change).done();
    await allBooted(list, run.signal, line);
    run.signal.throwIfAborted();
    line.done();
    return { ...lab, [Symbol.asyncDispose]: lower };
  } catch (cause) {
    line.failed(reasonOf(cause));
    await lower();
    if (cause instanceof HardwayError || run.signal.aborted) throw cause;
    throw new LabBroken("the machines could not be raised", {
      who: run.id,
      seen: reasonOf(cause),
      cause,
    });
  }
}

async function allBooted(machines: readonly RaisedMachine[], signal: AbortSignal, line: ProgressLine): Promise<void> {
  const booting = new Set(machines.map(({ name }) => name));
  line.note("booting");
  await Promise.all(
    machines.map(async (machine) => {
      await machine.booted(signal);
      booting.delete(machine.name);
      if (booting.size > 0) line.note(`booting ${[...booting].join(" ")}`);
    }),
  );
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
  const [aHull] = machines.filter((_, index) => topology.nodes[index]?.machine === "vm");
  const access = aHull && (await accessFrom(shellIn(aHull, "a hull", journal)));
  const lab = labOf(topology, docker.getContainer(fabric.Id), machines, { folder, journal }, access);
  return { ...lab, [Symbol.asyncDispose]: lab.letGo };
}

/** A machine of a lab, as those who raise it see it. */
type RaisedMachine = ContainerMachine | VmMachine;

interface WiredLab {
  readonly machines: ReadonlyMap<string, RaisedMachine>;
  readonly list: readonly RaisedMachine[];
  readonly fabric: LabFabric;
  /** Closes all connections to the machines, which stay up. */
  letGo(): Promise<void>;
}

/** `access` is that to the guests, where there are any. */
function labOf(
  topology: ResolvedTopology,
  fabricContainer: Container,
  containers: readonly Container[],
  run: Pick<Run, "folder" | "journal">,
  access: Access | undefined,
): WiredLab {
  const host = {
    sh: shellIn(fabricContainer, "fabric", run.journal),
    record: (argv: readonly string[], file: string, ready: RegExp) =>
      recordIn(fabricContainer, "fabric", argv, file, ready),
  };
  const fabric = fabricOn(host, topology, run, wiredGate);
  const list = containers.flatMap((container, index): RaisedMachine[] => {
    const node = topology.nodes[index];
    if (!node) return [];
    if (!isGuest(node) || !access)
      return [new ContainerMachine(node, container, shellIn(container, node.name, run.journal), fabric)];
    const hull = new ContainerMachine(node, container, shellIn(container, `${node.name}'s hull`, run.journal), fabric);
    return [new VmMachine(hull, access, run.journal)];
  });
  return {
    fabric,
    list,
    machines: new Map(list.map((machine) => [machine.name, machine])),
    letGo: async () => void (await Promise.all(list.map((machine) => machine.release()))),
  };
}

const isClustered = ({ role }: ResolvedNode): boolean => role === "control-plane" || role === "worker";

/** The containerd store of each machine of the cluster, as the backend prepared it. */
async function storesFor(
  { nodes }: ResolvedTopology,
  { machineImage, detail }: Prepared,
  run: MachineRun,
): Promise<ReadonlyMap<string, string>> {
  const clustered = nodes.filter((node) => isClustered(node) && !isGuest(node)).map(({ name }) => name);
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

function startHull({ detail }: Prepared, node: ResolvedNode, nth: number, run: MachineRun): Promise<Container> {
  const emulator = emulatorNamed(detail.emulator);
  if (!emulator || !detail.hull || !detail.disk)
    throw new LabBroken("nothing was prepared for machines that are VMs", { who: node.name });
  return startContainer(detail.hull, {
    ...hullOptions(emulator, node, nth, detail.disk),
    name: containerName(run.id, node.name),
    Labels: machineLabels(node, run),
  });
}

const machineLabels = (node: ResolvedNode, run: MachineRun): Record<string, string> => ({
  ...runLabels("machine", run.id),
  [label.node]: node.name,
  [label.machine]: node.machine ?? "container",
  [label.scenario]: run.scenario,
});

function startMachine(
  image: string,
  profile: Profile,
  node: ResolvedNode,
  topology: ResolvedTopology,
  run: MachineRun,
  store: string | undefined,
): Promise<Container> {
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
    Env: ["container=docker", `container_uuid=${uuidOf(machineIdOf(run.id, node.name))}`],
    Tty: true,
    Labels: machineLabels(node, run),
    HostConfig: { ...machineHostConfig(profile), ExtraHosts: hosts, Dns: [noResolver], Mounts: disks },
  });
}

/** A machine ID in the form of a UUID, as the engine's users write it. */
const uuidOf = (machineId: string): string => machineId.replace(/(.{8})(.{4})(.{4})(.{4})/, "$1-$2-$3-$4-");
