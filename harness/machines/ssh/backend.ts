import { LabBroken, Misdeclared, Unsupported } from "#harness/model/errors";
import type { FeatureReport, Features } from "#harness/model/features";
import type { Fabric, MachineBackend, Prepared, RaisedLab, Shell } from "#harness/model/machines";
import type { Journal, Run } from "#harness/model/run";
import type { ResolvedNode, ResolvedTopology } from "#harness/model/topology";
import { ownerText, parseOwner, thisOwner } from "#harness/run/owner";
import { forgetRun, type RunState, registerRun, stateOf } from "#harness/run/registry";
import { putFiles } from "../files.ts";
import { quoted } from "../quoted.ts";
import { tryFeatures } from "../trials.ts";
import { fitProblems, type OwnNetwork } from "./fit.ts";
import type { Inventory } from "./inventory.ts";
import { SshMachine } from "./machine.ts";
import { Reach } from "./reach.ts";
import { sshShell } from "./shell.ts";

const silent: Pick<Journal, "write"> = { write: () => undefined };

/** A file per run that uses a machine, with the run's owner in it: all that the lab itself leaves on one. */
const marks = "/run/hardway";

/**
 * Machines that exist already, of an inventory. The lab makes none, wires none and removes none: what a topology says of
 * them must be so, and what they run must be there. Steps and claims do to them what they say.
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
    raise: (topology, _prepared: Prepared, run) => raise(inventory, topology, run),
    sweep: () =>
      onEach(inventory, async (name, sh) => {
        const dead = (await marksOn(sh)).filter(({ state }) => state === "dead");
        for (const { run } of dead) await unmark(sh, run);
        return dead.map(({ run }) => `${name}: ${marks}/${run}: its process ended`);
      }),
    leftovers: () =>
      onEach(inventory, async (name, sh) =>
        (await marksOn(sh)).map(({ run, state }) => `${name}: ${marks}/${run} (${state})`),
      ),
  };
}

/** A feature is there when every machine has it that a cluster could be made of: all but the bastions. */
async function survey(inventory: Inventory): Promise<Features> {
  const bastions = new Set([...inventory.values()].map(({ bastion }) => bastion));
  const tried = await onEach(
    inventory,
    async (name, sh) => [{ name, reports: await tryFeatures(sh, "/var/lib") }],
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
async function raise(inventory: Inventory, topology: ResolvedTopology, run: Run): Promise<RaisedLab> {
  const missing = topology.nodes.filter(({ name }) => !inventory.has(name));
  if (missing.length > 0)
    throw new Misdeclared(
      "the inventory",
      missing.map(({ name }) => `${name} is not in it: a topology's machines go by its names`),
    );
  const reach = new Reach(inventory);
  const machines = topology.nodes.map((node) => {
    const connection = reach.to(node.name);
    return new SshMachine(node, connection, sshShell(connection, run.journal));
  });
  const letGo = () => reach[Symbol.asyncDispose]();
  const release = async () => {
    await letGo();
    await onEach(
      inventory,
      async (_, sh) => unmark(sh, run.id),
      topology.nodes.map(({ name }) => name),
    );
    forgetRun(run.id);
  };
  try {
    const problems = await Promise.all(
      machines.map(async ({ node, sh }) => fitProblems(node, await networkOf(node, sh))),
    );
    if (problems.flat().length > 0) throw new Misdeclared("the topology, by its machines,", problems.flat());
  } catch (error) {
    await letGo();
    throw error;
  }
  registerRun(run);
  const claims = await Promise.allSettled(machines.map((machine) => claim(machine, run)));
  const refused = claims.find((result) => result.status === "rejected");
  if (refused) {
    await release();
    throw refused.reason;
  }
  return {
    machines: new Map(machines.map((machine) => [machine.name, machine])),
    fabric: nobodysWires,
    letGo,
    [Symbol.asyncDispose]: release,
  };
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

interface Mark {
  readonly run: string;
  readonly state: RunState;
}

/** Who uses a machine now, or did until a moment ago. */
async function marksOn(sh: Shell): Promise<Mark[]> {
  const { stdout } = await sh(`cd ${marks} 2>/dev/null && grep -H . *`, { ok: "any" });
  return stdout
    .split("\n")
    .filter(Boolean)
    .map((line) => {
      const [run = "", ...owner] = line.split(":");
      const who = parseOwner(owner.join(":"));
      return { run, state: who ? stateOf(run, who) : "elsewhere" };
    });
}

async function unmark(sh: Shell, run: string): Promise<never[]> {
  await sh(`rm -f ${marks}/${quoted(run)}; [ ! -e ${marks} ] || rmdir --ignore-fail-on-non-empty ${marks}`);
  return [];
}

/** Throws `LabBroken` when another run uses the machine. */
async function claim({ name, sh }: SshMachine, run: Run): Promise<void> {
  await putFiles(sh, { [`${marks}/${run.id}`]: `${ownerText(thisOwner())}\n` });
  const others = (await marksOn(sh)).filter((mark) => mark.run !== run.id && mark.state !== "dead");
  if (others.length === 0) return;
  throw new LabBroken("another run uses this machine", {
    who: name,
    seen: others.map((other) => `${other.run} (${other.state})`).join("\n"),
    look: `${marks} on it; npx hardway down <run>`,
  });
}

/** What each machine is asked, over connections of its own, and all answers together. Default: all machines. */
async function onEach<T>(
  inventory: Inventory,
  ask: (name: string, sh: Shell) => Promise<readonly T[]>,
  names: readonly string[] = [...inventory.keys()],
): Promise<T[]> {
  await using reach = new Reach(inventory);
  return (await Promise.all(names.map((name) => ask(name, sshShell(reach.to(name), silent))))).flat();
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
