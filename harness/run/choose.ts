import { paced } from "#harness/judging/pace";
import { Misdeclared, Unsupported } from "#harness/model/errors";
import type { Feature, Features } from "#harness/model/features";
import type { MachineBackend } from "#harness/model/machines";
import type { Progress } from "#harness/model/progress";
import type { Scenario } from "#harness/model/scenario";
import { softwareOf } from "#harness/model/software";
import type { MachineKind, ResolvedTopology } from "#harness/model/topology";
import { resolve } from "#harness/topology/resolve";

/** What a lab's machines are, and where they come from. */
export interface Choice {
  readonly backend: MachineBackend;
  readonly topology: ResolvedTopology;
}

/** Backends by what they make of a cluster's machines, in order of preference. */
export type Backends = readonly (readonly [MachineKind, MachineBackend])[];

/**
 * The first backend whose cluster machines have all that a scenario needs: containers if this computer's kernel has it,
 * else VMs. `forced` is asked alone. Throws `Unsupported` with what each lacks, and `Misdeclared` where none is of that kind.
 */
export async function chooseMachines(
  scenario: Scenario,
  backends: Backends,
  { forced, progress }: { readonly forced?: MachineKind | undefined; readonly progress?: Progress },
): Promise<Choice> {
  const refusals: Refusal[] = [];
  for (const [kind, backend] of backends) {
    if (forced !== undefined && forced !== kind) continue;
    if (backend.name === "ssh") refuseWhatStays(scenario);
    const topology = resolve(scenario.topology, kind);
    const refusal = refusalOf(backend.name, needsOf(scenario, topology), await backend.survey(progress));
    if (!refusal) {
      const raiser = kind === "vm" ? backend : (raiserOf(topology, backends) ?? backend);
      return { backend: raiser, topology: paced(topology, await raiser.pace?.(progress)) };
    }
    refusals.push(refusal);
  }
  if (refusals.length === 0)
    throw new Misdeclared("--machines", [
      `none of the machines to choose from is a ${forced}: those of an inventory are VMs`,
    ]);
  const missing = [...new Set(refusals.flatMap((refusal) => refusal.missing))];
  throw new Unsupported([...new Set(refusals.map(({ sentence }) => sentence))].join("; "), missing, {
    who: scenario.id,
    seen: refusals.flatMap(({ told }) => told).join("\n"),
    look: "npx hardway doctor",
  });
}

/** Machines that were there before the lab are to be given back as they were. */
function refuseWhatStays({ id, cluster: { provisioner } }: Scenario): void {
  if (provisioner.leavesMachines) return;
  throw new Unsupported(
    `this provisioner, ${provisioner.name}, does not say how its cluster goes from machines that exist already, so it is not let near them`,
    [],
    { who: id, look: "README.md, Machines that exist already" },
  );
}

/** Where a node says that it is a VM, whoever makes VMs raises the lab: that backend makes containers too. */
function raiserOf({ nodes }: ResolvedTopology, backends: Backends): MachineBackend | undefined {
  if (!nodes.some(({ machine }) => machine === "vm")) return undefined;
  return backends.find(([kind]) => kind === "vm")?.[1];
}

interface Refusal {
  readonly sentence: string;
  readonly missing: readonly Feature[];
  readonly told: readonly string[];
}

/** Everything that a scenario needs: itself, its add-ons, its machines' software. */
function needsOf(scenario: Scenario, topology: ResolvedTopology): readonly Feature[] {
  const addons = scenario.cluster.addons.flatMap((addon) => addon.needs);
  const software = topology.nodes.flatMap((node) => softwareOf(node)?.needs ?? []);
  return [...new Set([...scenario.needs, ...addons, ...software])];
}

const kernelOf: Readonly<Record<MachineBackend["name"], string>> = {
  container: "this host",
  vm: "the kernel of VM machines",
  ssh: "a machine of the inventory",
};

function refusalOf(kind: MachineBackend["name"], needs: readonly Feature[], features: Features): Refusal | undefined {
  const missing = needs.filter((need) => !features.get(need)?.present);
  if (missing.length === 0) return undefined;
  const told = missing.map((name) => {
    const report = features.get(name);
    return `${kind}: ${name}: ${report ? `${report.how}: ${report.seen ?? "failed"}` : "not tried by this backend"}`;
  });
  return { sentence: `${kernelOf[kind]} lacks ${missing.join(", ")}`, missing, told };
}
