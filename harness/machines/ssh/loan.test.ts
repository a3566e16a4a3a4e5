import { spawn } from "node:child_process";
import { once } from "node:events";
import {
  copyFileSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { afterEach, beforeEach, expect, test } from "vitest";
import type { Shell } from "#harness/model/machines";
import { giveBack, putOnLoan, writeDown, writeUndo } from "./loan.ts";
import { machineHere } from "./testdata/here.ts";

const run = "20261121-000000-loan-x7f2";
const second = "20261121-000000-refused-b0b0";
let machine: ReturnType<typeof machineHere>;
let loan: string;
const started: ReturnType<typeof spawn>[] = [];

beforeEach(() => {
  machine = machineHere();
  loan = machine.loanOf(run);
  mkdirSync(loan);
});
afterEach(() => {
  for (const process of started.splice(0)) process.kill("SIGKILL");
  machine.remove();
});

/** A loan that was written down, of a machine of which nothing is to be compared. */
function written(): void {
  for (const made of ["undo", "kept"]) mkdirSync(join(loan, made));
  writeFileSync(join(loan, "made"), "");
}

/** A process that goes on, with this in its environment, as `/proc` shows it. */
function running(environment: string) {
  const process = spawn("sleep", ["60"]);
  started.push(process);
  const shown = join(machine.folder, "proc", String(process.pid));
  mkdirSync(shown);
  writeFileSync(join(shown, "environ"), `HOME=/root\0${environment}\0`);
  return process;
}

const ended = async (process: ReturnType<typeof spawn>) => {
  if (process.signalCode === null) await once(process, "exit");
  return process.signalCode;
};

test("of what a machine was there is all or nothing: by half of it modules would go that were there", async () => {
  machine.program("sort", "head -n 1; echo 'sort: write failed: No space left on device' >&2; exit 2");
  await expect(writeDown(machine.sh, run)).rejects.toThrow();
  expect(existsSync(join(loan, "before"))).toBe(false);
  machine.program("sort", 'exec /usr/bin/sort "$@"');
  await writeDown(machine.sh, run);
  expect(readFileSync(join(loan, "before"), "utf8")).toMatch(/^hostname \S+$/m);
  expect(existsSync(join(loan, "sysctls"))).toBe(true);
});

test("half of a file is not kept", async () => {
  written();
  const file = join(machine.folder, "owners");
  writeFileSync(file, "all of it\n");
  const into = 'for to; do from=$last; last=$to; done; [ ! -d "$to" ] || to=$to$from; mkdir -p "$(dirname "$to")"';
  machine.program("cp", `${into}; echo half >"$to"; exit 1`);
  await expect(putOnLoan(machine.sh, run, { [file]: "the lab's\n" })).rejects.toThrow();
  machine.program("cp", 'exec /bin/cp "$@"');
  await giveBack(machine.sh, run);
  expect(readFileSync(file, "utf8")).toBe("all of it\n");
});

test("a link that leads nowhere from where it is kept is kept once, and put back", async () => {
  written();
  const file = join(machine.folder, "owners");
  symlinkSync("nowhere", file);
  await putOnLoan(machine.sh, run, { [file]: "" });
  writeFileSync(`${file}.lab`, "the lab's\n");
  await machine.sh(["mv", `${file}.lab`, file]);
  await putOnLoan(machine.sh, run, { [file]: "" });
  await giveBack(machine.sh, run);
  expect(lstatSync(file).isSymbolicLink()).toBe(true);
});

test("a program that runs is put back", async () => {
  written();
  const file = join(machine.folder, "program");
  writeFileSync(file, "the owner's\n", { mode: 0o755 });
  await putOnLoan(machine.sh, run, { [file]: "" });
  copyFileSync("/bin/sleep", file);
  const process = spawn(file, ["60"]);
  started.push(process);
  await once(process, "spawn");
  await giveBack(machine.sh, run);
  expect(readFileSync(file).subarray(0, 12).toString()).toBe("the owner's\n");
});

test("what cannot be put back is kept for the next time, and told", async () => {
  written();
  const file = join(machine.folder, "owners");
  writeFileSync(file, "the owner's\n");
  await putOnLoan(machine.sh, run, { [file]: "" });
  writeFileSync(file, "the lab's\n");
  machine.program("cp", "echo 'cp: No space left on device' >&2; exit 1");
  await expect(giveBack(machine.sh, run)).rejects.toThrow(
    /^could not be brought back to what it was\n +seen: +cp: No space left on device\n +look: .*loan-x7f2/,
  );
  machine.program("cp", 'exec /bin/cp "$@"');
  expect(await giveBack(machine.sh, run)).toEqual([]);
  expect(readFileSync(file, "utf8")).toBe("the owner's\n");
  expect(existsSync(loan)).toBe(false);
});

test("half of what was to be done is not done", async () => {
  written();
  const cut: Shell = Object.assign(
    (...[command, options]: Parameters<Shell>) =>
      machine.sh(
        command,
        options?.input ? { ...options, input: Buffer.from(options.input as Uint8Array).subarray(0, 520) } : options,
      ),
    { start: machine.sh.start },
  );
  await expect(writeUndo(cut, run, "the file", "cat >/etc/fstab <<'HAD'\nthe owner's\nHAD")).rejects.toThrow();
  expect(readdirSync(join(loan, "undo"))).toEqual([]);
  await writeUndo(machine.sh, run, "the file", "echo done >&2; exit 3");
  expect(await giveBack(machine.sh, run)).toEqual(["not undone: the file: exit code 3: done "]);
});

test("commands of the lab are ended, but not who gives the machine back at the same time", async () => {
  written();
  const labs = running("HARDWAY_EXEC=1");
  const another = running("HARDWAY_EXEC=2\0HARDWAY_GIVES_BACK=1");
  const owners = running("EDITOR=vi");
  await giveBack(machine.sh, run);
  expect(await ended(labs)).toBe("SIGKILL");
  expect(await Promise.race([ended(another), ended(owners), sleep(200, "both run on")])).toBe("both run on");
});

test("a run that was refused the machine ends nothing of who has it", async () => {
  mkdirSync(machine.loanOf(second));
  writeFileSync(join(machine.loanOf(second), "owner"), "4711@boot/1/namespace/host\n");
  const others = running("HARDWAY_EXEC=1");
  expect(await giveBack(machine.sh, second)).toEqual([]);
  expect(await Promise.race([ended(others), sleep(200, "runs on")])).toBe("runs on");
  expect(existsSync(machine.loanOf(second))).toBe(false);
});

test("who gives a machine back while another does waits for that", async () => {
  written();
  const other = spawn("flock", [loan, "/bin/sh", "-c", 'echo has it; read -r _; rm -r "$0"', loan]);
  started.push(other);
  await once(other.stdout, "data");
  const second = giveBack(machine.sh, run);
  expect(await Promise.race([second, sleep(300, "waits")])).toBe("waits");
  other.stdin.end("\n");
  expect(await second).toEqual([]);
});
