import { join } from "node:path";
import { isDeepStrictEqual } from "node:util";
import { paceOf } from "#harness/judging/pace";
import { LabBroken, Misdeclared, reasonOf, Unsupported } from "#harness/model/errors";
import type { FeatureReport, Features } from "#harness/model/features";
import type { Fabric, MachineBackend, Prepared, RaisedLab, Shell } from "#harness/model/machines";
import type { Progress } from "#harness/model/progress";
import type { Journal, Run } from "#harness/model/run";
import type { ResolvedNode, ResolvedTopology } from "#harness/model/topology";
import { type Borrowed, forgetRun, listRuns, registerRun } from "#harness/run/registry";
import { tryFeatures } from "../trials.ts";
import { fitProblems, type OwnNetwork } from "./fit.ts";
import type { Inventory, InventoryMachine } from "./inventory.ts";
import { giveBack, mark, marksOn, unmark, writeDown } from "./loan.ts";
import { SshMachine } from "./machine.ts";
import { leavingNoModules } from "./modules.ts";
import { Reach } from "./reach.ts";
import { sshShell } from "./shell.ts";

const silent: Pick<Journal, "write"> = { write: () => undefined };

/**
 * Machines that exist already, of an inventory. The lab makes none, wires none and removes none: what a topology says of
 * them must be so, and what they run must be there. Steps and claims do to them what they say, and when the lab goes they
 * are given back as they were, see `giveBack`.
 */
export function sshBackend(inventory: Inventory): MachineBackend {
  let surveyed: Promise<Features> | undefined;
  return {
    name: "ssh",
    survey() {
      surveyed ??= survey(inventory).catch((error) => {
        surveyed = undefined;
        throw error;
      });
      return surveyed;
    },
    prepare: async (images) => ({ images, machineImage: "none", artifacts: [], detail: {} }),
    raise: (topology, _prepared: Prepared, run, progress) => raise(inventory, topology, run, progress),
    sweep: () => sweep(inventory),
    leftovers: () =>
      onEach(inventory, async (name, sh) =>
        (await marksOn(sh)).map(({ run, state }) => `${name}: machine of run ${run} (${state})`),
      ),
  };
}

async function sweep(inventory: Inventory): Promise<string[]> {
  const dead = listRuns().filter(({ state }) => state === "dead");
  const swept = await onEach(inventory, async (name, sh) => {
    const lines: string[] = [];
    for (const { run, state } of await marksOn(sh))
      if (state === "dead") lines.push(`given back, run ${run}: its process ended`, ...(await giveBack(sh, run)));
    return lines.map((line) => `${name}: ${line}`);
  });
  for (const { id, borrowed } of dead) if (borrowed && isOf(inventory, borrowed)) forgetRun(id);
  return swept;
}

/** Whether all machines of a lab are of this inventory: those of another one may have the same names. */
function isOf(inventory: Inventory, { machines, topology }: Borrowed): boolean {
  const known = inventoryOf(machines);
  return topology.nodes.every(({ name }) => isDeepStrictEqual(inventory.get(name), known.get(name)));
}

export interface BorrowedLab extends RaisedLab {
  readonly machines: ReadonlyMap<string, SshMachine>;
}

/** A lab on machines of an inventory that another process raised, or this one earlier. Disposing lets go of it and leaves it up. */
export function attachBorrowed(id: string, { machines, topology }: Borrowed): BorrowedLab {
  const { letGo, machines: attached } = labOf(topology, inventoryOf(machines), id, silent);
  return { machines: attached, fabric: nobodysWires, letGo, [Symbol.asyncDispose]: letGo };
}

/** What became of the machines of a lab that was taken down. */
export interface Returned {
  /** What is otherwise on them than before, a line for each thing. */
  readonly otherwise: readonly string[];
  /** Those that could not be given back, a line for each, with the reason. */
  readonly lost: readonly string[];
}

/**
 * Gives the machines of a lab back as they were, whoever raised it, and forgets its run. Throws `LabBroken` when one could
 * not be given back, after all others were; the run is then still known, unless it is to be forgotten also then.
 */
export async function returnBorrowed(
  id: string,
  { machines, topology }: Borrowed,
  { forget = false }: { readonly forget?: boolean } = {},
): Promise<Returned> {
  const inventory = inventoryOf(machines);
  const returned = await Promise.all(
    topology.nodes.map(async ({ name }): Promise<Returned> => {
      const back = async (_: string, sh: Shell) => (await giveBack(sh, id)).map((line) => `${name}: ${line}`);
      try {
        return { otherwise: await onEach(inventory, back, [name]), lost: [] };
      } catch (error) {
        if (!(error instanceof LabBroken)) throw error;
        return { otherwise: [], lost: [`not given back: ${whyLost(name, error)}`] };
      }
    }),
  );
  const otherwise = returned.flatMap((each) => each.otherwise);
  const lost = returned.flatMap((each) => each.lost);
  if (lost.length > 0 && !forget)
    throw new LabBroken("not all its machines could be given back, the others were", {
      who: id,
      seen: [...lost, ...otherwise].join("\n"),
      look: `hardway down ${id}, once they are there again; if they are gone for good, hardway down --forget ${id}`,
    });
  forgetRun(id);
  return { otherwise, lost };
}

/** In one line: which machine, what went wrong, and what was seen of that. */
function whyLost(name: string, error: LabBroken): string {
  const [what = ""] = reasonOf(error).split("\n");
  const seen = error.particulars.seen?.trim().split("\n").at(-1);
  return [...(what.startsWith(`${name}: `) ? [] : [name]), what, ...(seen ? [seen] : [])].join(": ");
}

const inventoryOf = (machines: readonly InventoryMachine[]): Inventory =>
  new Map(machines.map((machine) => [machine.name, machine]));

function labOf(topology: ResolvedTopology, inventory: Inventory, run: string, journal: Pick<Journal, "write">) {
  const reach = new Reach(inventory);
  const list = topology.nodes.map((node) => {
    const connection = reach.to(node.name);
    return new SshMachine(node, connection, sshShell(connection, journal, paceOf([node])), run);
  });
  return {
    list,
    machines: new Map(list.map((machine) => [machine.name, machine])),
    letGo: () => reach[Symbol.asyncDispose](),
  };
}

/** A feature is there when every machine has it that a cluster could be made of: all but the bastions. */
async function survey(inventory: Inventory): Promise<Features> {
  const bastions = new Set([...inventory.values()].map(({ bastion }) => bastion));
  const tried = await onEach(
    inventory,
    async (name, sh) => {
      const trying = () => tryFeatures(sh, "/var/lib");
      // A run that has the machine may load modules meanwhile; it takes out those of the survey when it gives the machine back.
      const isFree = (await marksOn(sh)).length === 0;
      return [{ name, reports: await (isFree ? leavingNoModules(sh, trying) : trying()) }];
    },
    [...inventory.keys()].filter((name) => !bastions.has(name)),
  );
  const features = new Map<FeatureReport["feature"], FeatureReport>([
    ["power-cut", { feature: "power-cut", present: false, how: "none", seen: "their mains are not the lab's to pull" }],
  ]);
  for (const { feature, how } of tried[0]?.reports ?? []) {
    const without = tried.flatMap(({ name, reports }) =>
      reports.flatMap((r) => (r.feature === feature && !r.present ? [`${name}: ${r.seen}`] : [])),
    );
    const seen = without.length > 0 && { seen: without.join("\n") };
    features.set(feature, { feature, how, present: without.length === 0, ...seen });
  }
  return features;
}

/** Throws `Misdeclared` with everything that the machines are not, before anything is done to them. */
async function raise(
  inventory: Inventory,
  topology: ResolvedTopology,
  run: Run,
  progress: Progress,
): Promise<RaisedLab> {
  const missing = topology.nodes.filter(({ name }) => !inventory.has(name));
  if (missing.length > 0)
    throw new Misdeclared(
      "the inventory",
      missing.map(({ name }) => `${name} is not in it: a topology's machines go by its names`),
    );
  const { list, machines, letGo } = labOf(topology, inventory, run.id, run.journal);
  try {
    const problems = await Promise.all(list.map(async ({ node, sh }) => fitProblems(node, await networkOf(node, sh))));
    if (problems.flat().length > 0) throw new Misdeclared("the topology, by its machines,", problems.flat());
  } catch (error) {
    await letGo();
    throw error;
  }
  const borrowed: Borrowed = { machines: [...inventory.values()], topology };
  registerRun(run, borrowed);
  const release = async () => {
    await letGo();
    const { otherwise } = await returnBorrowed(run.id, borrowed);
    if (otherwise.length === 0) return;
    const file = run.journal.attach("not-as-before.txt", `${otherwise.join("\n")}\n`);
    progress
      .begin("give machines back")
      .failed(`not all is as before: ${otherwise[0]}; all of it: ${join(run.folder, file)}`);
  };
  const claims = await Promise.allSettled(list.map((machine) => claim(machine, run)));
  try {
    for (const claimed of claims) if (claimed.status === "rejected") throw claimed.reason;
    run.signal.throwIfAborted();
  } catch (error) {
    await release();
    throw error;
  }
  return { machines, fabric: nobodysWires, letGo, [Symbol.asyncDispose]: release };
}

async function networkOf({ sysctls }: ResolvedNode, sh: Shell): Promise<OwnNetwork> {
  const json = async (command: string) => JSON.parse((await sh(command)).stdout || "[]");
  const [links, routes, values] = await Promise.all([
    json("ip -j address"),
    json("ip -j route"),
    Promise.all(
      Object.keys(sysctls).map(async (key) => [key, (await sh(["sysctl", "-n", key], { ok: "any" })).stdout.trim()]),
    ),
  ]);
  return { links, routes, sysctls: Object.fromEntries(values) };
}

/** Throws `LabBroken` when another run uses the machine, or ended since it was swept and did not give it back. */
async function claim({ name, sh }: SshMachine, run: Run): Promise<void> {
  await mark(sh, run.id);
  const others = (await marksOn(sh)).filter((mark) => mark.run !== run.id);
  if (others.length === 0) return writeDown(sh, run.id, run.signal);
  await unmark(sh, run.id);
  throw new LabBroken("another run uses this machine", {
    who: name,
    seen: others.map((other) => `${other.run} (${other.state})`).join("\n"),
    look: "npx hardway down <run>, on the computer and as the user that raised it",
  });
}

/**
 * What each machine is asked, over connections of its own, and all answers together. Default: all machines. Throws when all
 * have answered that do: none is left in the middle because of another.
 */
async function onEach<T>(
  inventory: Inventory,
  ask: (name: string, sh: Shell) => Promise<readonly T[]>,
  names: readonly string[] = [...inventory.keys()],
): Promise<T[]> {
  await using reach = new Reach(inventory);
  const answers = await Promise.allSettled(names.map(async (name) => ask(name, sshShell(reach.to(name), silent))));
  return answers.flatMap((answer) => {
    if (answer.status === "rejected") throw answer.reason;
    return answer.value;
  });
}

const refuse = (what: string) => async (): Promise<never> => {
  throw new Unsupported(`${what}: the wires between machines of an inventory are not the lab's`, ["fabric"]);
};

const nobodysWires: Fabric = {
  cutLink: refuse("no link can be cut"),
  impair: refuse("no frames can be dropped"),
  capture: refuse("no segment can be captured"),
  sh: Object.assign(refuse("there is no switch to look at"), { start: refuse("there is no switch to look at") }),
};
