import { LabBroken, Unsupported } from "#harness/model/errors";
import type { Invariant, Probe } from "#harness/model/judging";
import type { Capture, RaisedLab } from "#harness/model/machines";
import type { Run } from "#harness/model/run";
import type { LabMachine, World } from "#harness/model/scenario";
import type { ResolvedTopology } from "#harness/model/topology";

/** Bytes of each packet that evidence keeps: all headers, and the start of what is said. */
const evidenceSnaplen = 160;

/** What watches from the moment the machines are up until the run ends. */
export interface Watches {
  probeOf(invariant: Invariant<World>): Probe<unknown>;
  /** Ends the captures of all segments and keeps them in the run's folder, unless nobody will want them. */
  stop(options: { readonly discard: boolean }): Promise<void>;
}

/**
 * Starts a capture of every segment, of all packets or those that `captured` names in tcpdump's words, and the invariants'
 * own watches: before any daemon of the scenario runs. Where the wires are nobody's to listen on, that is kept instead.
 */
export async function startWatches(
  world: World,
  invariants: readonly Invariant<World>[],
  captured?: string,
): Promise<Watches> {
  const options = { snaplen: evidenceSnaplen, ...(captured !== undefined && { filter: captured }) };
  const capture = (segment: string): Promise<Capture | undefined> =>
    world.fabric.capture(segment, options).catch((error) => {
      if (!(error instanceof Unsupported)) throw error;
      world.run.journal.attach(`${segment}-not-captured.txt`, error.message);
      return undefined;
    });
  const captures = await Promise.all(world.topology.segments.map(({ name }) => capture(name)));
  const probes = new Map<Invariant<World>, Probe<unknown>>();
  for (const invariant of invariants) probes.set(invariant, await invariant.watch(world));
  return {
    probeOf(invariant) {
      const probe = probes.get(invariant);
      if (!probe) throw new LabBroken(`nobody watched: ${invariant.claim}`);
      return probe;
    },
    async stop(options) {
      await Promise.all(captures.map((started) => started?.stop(options)));
    },
  };
}

/** The machines by name, with their power switches. */
export function worldOf(run: Run, topology: ResolvedTopology, raised: RaisedLab): World {
  const nodes: Record<string, LabMachine> = {};
  for (const [name, machine] of raised.machines) {
    const { cutPower, restorePower } = machine;
    if (!cutPower || !restorePower) throw new LabBroken("this machine's power cannot be cut", { who: name });
    nodes[name] = machine as LabMachine;
  }
  return { run, topology, nodes, fabric: raised.fabric };
}
