import { spawn } from "node:child_process";
import { once } from "node:events";
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { LabBroken } from "#harness/model/errors";
import type { CommandOptions, CommandResult, Shell } from "#harness/model/machines";

const shelf = "/var/lib/hardway";

/** What would look at this computer, or change it, and does nothing here. */
const harmless = [
  ...["systemctl", "hostname", "sysctl", "swapon", "rmmod", "ps", "ip", "iptables-save", "ip6tables-save"],
  ...["sha256sum"],
];

/**
 * A shell of this computer that keeps the loans of a machine in a folder of its own: nothing else is touched, processes are
 * looked for in its `proc`, and programs of its `bin` come before this computer's.
 */
export function machineHere() {
  const folder = mkdtempSync(join(tmpdir(), "machine-"));
  const bin = join(folder, "bin");
  const program = (name: string, does: string) => {
    writeFileSync(join(bin, name), `#!/bin/sh\n${does}\n`);
    chmodSync(join(bin, name), 0o755);
  };
  const loans = join(folder, "root", shelf);
  for (const made of [bin, join(folder, "proc"), loans]) mkdirSync(made, { recursive: true });
  for (const name of harmless) program(name, ":");
  const here = (word: string) =>
    word
      .replace(/^\/$/, join(folder, "root"))
      .replaceAll(shelf, loans)
      .replaceAll("/proc/[0-9]", `${join(folder, "proc")}/[0-9]`)
      .replaceAll("#/proc/", `#${join(folder, "proc")}/`)
      .replaceAll("cd /proc/sys", `cd ${join(folder, "proc")}`);
  const run = async (
    command: string | readonly string[],
    { input, ok = [0] }: CommandOptions = {},
  ): Promise<CommandResult> => {
    const argv = (typeof command === "string" ? ["/bin/sh", "-c", command] : command).map(here);
    if (argv.some((word) => word.includes("in /proc/"))) throw new Error("it is not let near this computer's processes");
    const [name = "", ...rest] = argv;
    const child = spawn(name, rest, { env: { PATH: `${bin}:/usr/sbin:/usr/bin:/sbin:/bin` }, cwd: "/" });
    child.stdin.on("error", () => undefined);
    child.stdin.end(input);
    const [stdout, stderr] = await Promise.all([text(child.stdout), text(child.stderr), once(child, "close")]);
    const exitCode = child.exitCode ?? 137;
    if (ok !== "any" && !ok.includes(exitCode)) throw new LabBroken(`exited with ${exitCode}`, { seen: stderr || stdout });
    return { command: argv.join(" "), exitCode, stdout, stderr, ms: 0 };
  };
  return {
    sh: run as unknown as Shell,
    /** Where a run's loan is kept. */
    loanOf: (id: string) => join(loans, id),
    folder,
    program,
    remove: () => rmSync(folder, { recursive: true, force: true }),
  };
}
