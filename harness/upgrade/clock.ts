import type { Machine } from "../model/machines.ts";
import { thisOwner } from "../run/owner.ts";

/**
 * By how much the clocks of machines and of this computer, whose clock times the steps, may differ, in milliseconds. Those that
 * share a kernel share its clock, and the answer is 0. Machines are asked for the time, all at once: they differ by what they
 * say, give or take how long it took.
 */
export async function clockError(machines: readonly Machine[]): Promise<number> {
  const seen = await Promise.all(
    machines.map(async ({ sh }) => {
      const asked = Date.now();
      const { stdout } = await sh("cat /proc/sys/kernel/random/boot_id; date +%s%N");
      const answered = Date.now();
      const [kernel = "", nanoseconds = ""] = stdout.split("\n");
      return { kernel, asked, answered, at: Number(nanoseconds) / 1e6 };
    }),
  );
  return differBy([...seen, { kernel: thisOwner().boot, asked: 0, answered: 0, at: 0 }]);
}

/** Pure: what was seen of each machine's clock, beside when this computer asked and was answered. */
export function differBy(
  seen: readonly { readonly kernel: string; readonly asked: number; readonly answered: number; readonly at: number }[],
): number {
  if (new Set(seen.map(({ kernel }) => kernel)).size <= 1) return 0;
  // Ahead of this computer by at least, and at most.
  const least = seen.map(({ at, answered }) => at - answered);
  const most = seen.map(({ at, asked }) => at - asked);
  return Math.round(Math.max(...most) - Math.min(...least));
}
