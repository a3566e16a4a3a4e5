import { LabBroken } from "#harness/model/errors";
import type { Shell } from "#harness/model/machines";

const stamps = 5;

/** What a clock may be off without being set: setting it is as wrong as that. */
const toleranceMs = 100;

/**
 * Sets the clock of a guest by that of its hull, which containers share: as it boots on a busy computer a kernel loses
 * ticks, and is then up to seconds behind.
 */
export async function setClock(guest: Shell, hull: Shell): Promise<void> {
  const [ahead, right] = await Promise.all([aheadOf(guest), aheadOf(hull)]);
  const behind = right - ahead;
  if (Math.abs(behind) <= toleranceMs) return;
  await guest(`now=$(($(date +%s%3N) + ${behind})); date -s @$((now / 1000)).$(printf %03d $((now % 1000)))`);
}

/** How far a machine's clock is ahead of this process's, in ms: by the stamp that came the quickest. */
async function aheadOf(sh: Shell): Promise<number> {
  await using saying = await sh.start(`n=${stamps}; while [ $n -gt 0 ]; do date +%s%3N; n=$((n - 1)); done`);
  let most = Number.NEGATIVE_INFINITY;
  for await (const stamp of saying.lines) most = Math.max(most, Number(stamp) - Date.now());
  if (Number.isFinite(most)) return most;
  throw new LabBroken("it does not tell the time", { seen: (await saying.exit).stderr });
}
