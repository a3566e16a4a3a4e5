import { ms } from "#harness/judging/duration";
import { within } from "#harness/judging/within";
import type { Shell } from "#harness/model/machines";

/** Line of shell that prints the modules of the kernel, the newest first; nothing where it can load none. */
export const loadedModules = "cut -d' ' -f1 /proc/modules 2>/dev/null";

/**
 * A function of shell, `unload "$had"`: takes modules out of the kernel that are not among those. None goes that stays in
 * use, or drives a device, which somebody may have plugged in. Not `modprobe -r`, which takes with a module all that it was
 * the last to need, also what was there before it.
 */
export const unload = `unload() {
  end=$(($(date +%s) + ${ms(within.modulesUnused.within) / 1000}))
  while
    left=
    for module in $(${loadedModules} | grep -vxF "$1"); do
      [ -e "/sys/module/$module/drivers" ] || rmmod "$module" 2>/dev/null || left=1
    done
    [ "$left" ] && [ "$(date +%s)" -lt $end ]
  do sleep 0.2; done
}`;

/** Does something on a machine that loads modules, and leaves none of them. */
export async function leavingNoModules<T>(sh: Shell, work: () => Promise<T>): Promise<T> {
  const { stdout: had } = await sh(loadedModules, { ok: "any" });
  try {
    return await work();
  } finally {
    await sh(["/bin/sh", "-c", `${unload}\nunload "$1"`, "sh", had.trimEnd()]);
  }
}
