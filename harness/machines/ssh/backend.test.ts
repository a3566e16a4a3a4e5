import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { LabBroken } from "#harness/model/errors";
import type { Prepared } from "#harness/model/machines";
import type { Run } from "#harness/model/run";
import { ownerText, thisOwner } from "#harness/run/owner";
import { findRun, registerRun } from "#harness/run/registry";
import { resolve } from "#harness/topology/resolve";
import { returnBorrowed, sshBackend } from "./backend.ts";
import { readInventory } from "./inventory.ts";
import { newKeyPair } from "./keys.ts";
import { type Answer, hostKey, say, sshd, userKey } from "./testdata/sshd.ts";

const id = "20261121-000000-gone-for-good-x7f2";
let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "forgotten-"));
  vi.stubEnv("XDG_STATE_HOME", folder);
  writeFileSync(join(folder, "key"), newKeyPair().private);
});
afterEach(() => {
  vi.unstubAllEnvs();
  rmSync(folder, { recursive: true });
});

/** Machines that nobody reaches: of one even the key is gone. */
function gone() {
  const topology = resolve({
    segments: { lan: "192.0.2.0/24" },
    nodes: { first: { role: "control-plane", on: ["lan"] }, second: { role: "worker", on: ["lan"] } },
  });
  const machine = (identityFile: string) =>
    `{ identityFile: ${identityFile}, proxyCommand: "false", hostKeys: "${key}" }`;
  const key = `SHA256:${"A".repeat(43)}`;
  const text = `machines: { first: ${machine("key")}, second: ${machine("none")} }`;
  const borrowed = { machines: [...readInventory(text, join(folder, "inventory.yaml")).values()], topology };
  registerRun({ id, scenario: "gone-for-good", folder }, borrowed);
  return borrowed;
}

test("machines that cannot be reached are not forgotten, and named with what to do", async () => {
  const problem = await returnBorrowed(id, gone()).catch((error: unknown) => error);
  expect(problem).toBeInstanceOf(LabBroken);
  expect((problem as LabBroken).message).toMatch(
    new RegExp(
      `^${id}: not all its machines could be given back, the others were
 +seen: +not given back: first: .+
 +not given back: second: its private key cannot be read: ENOENT: .+
 +look: +hardway down ${id}, once .+; if they are gone for good, hardway down --forget ${id}$`,
    ),
  );
  expect(findRun(id)).toBeDefined();
});

test("forgotten, the run is no longer known, and each machine told that was not given back", async () => {
  const { otherwise, lost } = await returnBorrowed(id, gone(), { forget: true });
  expect(otherwise).toEqual([]);
  expect(lost).toEqual([
    expect.stringMatching(/^not given back: first: /),
    expect.stringMatching(/^not given back: second: its private key cannot be read: ENOENT: /),
  ]);
  expect(findRun(id)).toBeUndefined();
});

const other = "20261121-000000-another-run-b0b0";
const deadOwner = () => ownerText({ ...thisOwner(), start: "1" });
const markOf = (run: string, owner: string) => `${run}/owner:${owner}\n`;

/** A machine `first` that says this of who has it, and what it is asked; `answer` is for all else that it is. */
async function lent(marks: string, answer: Answer = say("")) {
  const lines: string[] = [];
  const daemon = await sshd((channel, line, connection) => {
    lines.push(line);
    channel.resume();
    (line.includes("*/owner") ? say(marks) : answer)(channel, line, connection);
  });
  writeFileSync(join(folder, "users"), userKey.private);
  const machine = (address: string) =>
    `{ address: ${address}, port: ${daemon.port}, identityFile: users, hostKeys: "${hostKey.public}" }`;
  const inventory = (...machines: readonly string[]) =>
    readInventory(`machines: { ${machines.join(", ")} }`, join(folder, "inventory.yaml"));
  return { daemon, lines, machine, inventory };
}

const alone = resolve({
  segments: { lan: "192.0.2.0/24" },
  nodes: { first: { role: "control-plane", on: ["lan"] } },
});

test("a machine that cannot be reached does not leave another in the middle of being given back", async () => {
  let givenBack = false;
  const { daemon, machine, inventory } = await lent(markOf(id, deadOwner()), (channel, line, connection) =>
    setTimeout(() => {
      givenBack ||= line.includes("HARDWAY_GIVES_BACK=1");
      say("")(channel, line, connection);
    }, 300),
  );
  const gone = `gone: { identityFile: users, proxyCommand: "false", hostKeys: "${hostKey.public}" }`;
  await expect(sshBackend(inventory(`first: ${machine("127.0.0.1")}`, gone)).sweep()).rejects.toThrow(/^gone: /);
  expect(givenBack).toBe(true);
  daemon.close();
});

test("a run is not forgotten by a sweep of other machines that have the same names", async () => {
  const { daemon, machine, inventory } = await lent("");
  const mine = inventory(`first: ${machine("127.0.0.1")}`);
  registerRun({ id, scenario: "killed", folder }, { machines: [...mine.values()], topology: alone });
  const runs = join(folder, "hardway", "runs");
  const record = join(runs, readdirSync(runs)[0] ?? "");
  writeFileSync(record, readFileSync(record, "utf8").replace(/"start": "\d+"/, '"start": "1"'));
  await sshBackend(inventory(`first: ${machine("localhost")}`)).sweep();
  expect(findRun(id)).toBeDefined();
  await sshBackend(mine).sweep();
  expect(findRun(id)).toBeUndefined();
  daemon.close();
});

/** Raises a lab of the one machine, and lowers it. */
async function raised(marks: string, signal: AbortSignal, otherwise = "") {
  const [card] = alone.nodes[0]?.interfaces ?? [];
  const address = { family: "inet", local: card?.address, prefixlen: card?.prefix };
  const links = JSON.stringify([{ ifname: card?.name, addr_info: [address] }]);
  const { daemon, lines, machine, inventory } = await lent(marks, (channel, line, connection) =>
    say(line.includes("ip -j address") ? links : line.includes("HARDWAY_GIVES_BACK=1") ? otherwise : "")(
      channel,
      line,
      connection,
    ),
  );
  const journal = { write: () => undefined, attach: () => "attachments/not-as-before.txt" };
  const run = { id, scenario: "raised", folder, journal, signal } as unknown as Run;
  const said: string[] = [];
  const line = { note: () => undefined, done: () => undefined, failed: (why?: string) => void said.push(why ?? "") };
  const backend = sshBackend(inventory(`first: ${machine("127.0.0.1")}`));
  const error = await backend.raise(alone, {} as Prepared, run, { begin: () => line }).then(
    async (lab) => void (await lab[Symbol.asyncDispose]()),
    (error: unknown) => error,
  );
  daemon.close();
  return { error, lines, said };
}

test("a machine is not taken over from a run that ended since it was swept, and what that left is not taken for the owner's", async () => {
  const { signal } = new AbortController();
  const { error, lines } = await raised(markOf(id, ownerText(thisOwner())) + markOf(other, deadOwner()), signal);
  expect(error).toBeInstanceOf(LabBroken);
  expect((error as LabBroken).message).toMatch(
    new RegExp(`^first: another run uses this machine\n +seen: +${other} \\(dead\\)\n +look: +npx hardway down`),
  );
  expect(lines.filter((line) => line.includes("/proc/swaps") && !line.includes("HARDWAY_GIVES_BACK"))).toEqual([]);
  expect(findRun(id)).toBeUndefined();
});

test("an interruption while machines are taken gives them back", async () => {
  const { error, lines } = await raised(markOf(id, ownerText(thisOwner())), AbortSignal.abort("SIGTERM"));
  expect(error).toBe("SIGTERM");
  expect(lines.at(-1)).toContain("HARDWAY_GIVES_BACK=1");
  expect(findRun(id)).toBeUndefined();
});

test("what is otherwise on machines that a run itself gave back is said", async () => {
  const { signal } = new AbortController();
  const { error, said } = await raised(markOf(id, ownerText(thisOwner())), signal, "new: path /opt/left\n");
  expect(error).toBeUndefined();
  expect(said).toEqual([
    `not all is as before: first: new: path /opt/left; all of it: ${join(folder, "attachments/not-as-before.txt")}`,
  ]);
});

test.each([
  ["are taken out again", "", 1],
  ["stay where a run has the machine, whose own would go with them", markOf(other, deadOwner()), 0],
])("modules that the survey loads %s", async (_, marks, times) => {
  const { daemon, lines, machine, inventory } = await lent(marks);
  const features = await sshBackend(inventory(`first: ${machine("127.0.0.1")}`)).survey();
  expect(features.get("vxlan")).toMatchObject({ present: true });
  expect(lines.filter((line) => line.includes("rmmod"))).toHaveLength(times);
  daemon.close();
});
