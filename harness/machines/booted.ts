import { atPace } from "#harness/judging/pace";
import { within } from "#harness/judging/within";
import { LabBroken } from "#harness/model/errors";
import type { Consoled, Machine } from "#harness/model/machines";

const waiting = `until state=$(systemctl is-system-running --wait 2>/dev/null); [ "$state" = running ] || [ "$state" = degraded ]; do
  sleep 0.05
done`;

/**
 * Returns when systemd has started all that it was to start; a unit that failed is no reason to wait for ever. Throws
 * `LabBroken` with the end of the machine's console.
 */
export async function systemdStarted(machine: Machine & Consoled, signal?: AbortSignal): Promise<void> {
  await telling(machine, signal, () =>
    machine.sh(waiting, { within: atPace([machine.node], within.machineBoot.within), ...(signal && { signal }) }),
  );
}

/** Part of a machine's boot: when it fails, the end of the console says more. */
export async function telling(
  machine: { readonly name: string } & Consoled,
  signal: AbortSignal | undefined,
  part: () => Promise<unknown>,
): Promise<void> {
  const began = Date.now();
  try {
    await part();
  } catch (cause) {
    if (signal?.aborted) throw cause;
    const console = await machine.console(40).catch(() => "");
    throw new LabBroken("the machine did not boot", {
      who: machine.name,
      waitedMs: Date.now() - began,
      seen: `${cause instanceof LabBroken ? cause.particulars.seen || cause.message : cause}\n${console}`,
      look: "the end of its console, above; kernel and systemd say there what they could not start",
      cause,
    });
  }
}
