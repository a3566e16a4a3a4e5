import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { text } from "node:stream/consumers";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, expect, test, vi } from "vitest";
import { stringify } from "yaml";
import { sshBackend } from "#harness/machines/ssh/backend";
import { loadInventory } from "#harness/machines/ssh/inventory";
import { lowerLab } from "#harness/run/attach";
import { listRuns } from "#harness/run/registry";

vi.setConfig({ testTimeout: 900_000, hookTimeout: 900_000 });

const hardway = resolve(import.meta.dirname, "../../bin/hardway.js");
const folder = mkdtempSync(join(tmpdir(), "borrowed-"));
const inventory = join(folder, "inventory.yaml");
const names = ["cp-1", "worker-1"] as const;

/** The command line, as a user has it. */
async function run(...args: readonly string[]) {
  const child = spawn(process.execPath, [hardway, ...args], { stdio: ["ignore", "pipe", "pipe"] });
  const [stdout, stderr] = await Promise.all([text(child.stdout), text(child.stderr), once(child, "close")]);
  return { code: child.exitCode, stdout, stderr };
}

const runIn = (stdout: string): string => / is up.*: run (\S+)/.exec(stdout)?.[1] ?? "";

/** What an owner sees of a machine, and what of a cluster's runs there. */
const seen = async (name: string) => {
  const asking = `hostname; cat /etc/hosts /etc/fstab /etc/machine-id; cat /proc/swaps; ip -4 route; ip -br link | cut -d' ' -f1
    iptables-save | grep -c KUBE; ip6tables-save | grep -c KUBE; systemctl is-active kubelet
    pgrep -l 'kube|etcd|flanneld|coredns|containerd-shim'; cut -d' ' -f1 /proc/modules | sort
    ls /etc/kubernetes /var/lib/etcd /etc/cni/net.d /var/lib/hardway /run/flannel 2>&1`;
  return (await run("exec", "--run", strangers, name, "--", "sh", "-c", asking)).stdout;
};

let strangers = "";
const before = new Map<string, string>();

beforeAll(async () => {
  const up = await run("up", "scenarios/borrowed-machines+strangers", "--machines", "vm");
  strangers = runIn(up.stdout);
  expect(strangers, up.stderr).not.toBe("");
  const { stdout: config } = await run("ssh-config", strangers);
  writeFileSync(inventory, inventoryFrom(config));
  for (const name of names) before.set(name, await seen(name));
});

afterAll(async () => {
  if (strangers) await lowerLab(strangers);
  rmSync(folder, { recursive: true, force: true });
});

/** The machines of an ssh_config(5) as an inventory has them. */
function inventoryFrom(config: string): string {
  const of = (host: string, key: string) => new RegExp(`^  ${key} (.*)$`, "m").exec(host)?.[1] ?? "";
  const unquoted = (path: string) => path.replaceAll('"', "").replaceAll("%%", "%");
  const machines = config.split(/^Host /m).slice(1);
  const known = readFileSync(unquoted(of(machines[0] ?? "", "UserKnownHostsFile")), "utf8").split("\n");
  return stringify({
    machines: Object.fromEntries(
      machines.map((host) => {
        const [name = ""] = host.split("\n");
        return [
          name,
          {
            identityFile: unquoted(of(host, "IdentityFile")),
            proxyCommand: of(host, "ProxyCommand").replaceAll("%%", "%"),
            hostKeys: known.filter((line) => line.startsWith(`${name} `)).map((line) => line.slice(name.length + 1)),
          },
        ];
      }),
    ),
  });
}

test("a cluster rises on them, is used, and leaves them as they were", async () => {
  const up = await run("up", "scenarios/borrowed-machines", "--inventory", inventory);
  const lab = runIn(up.stdout);
  expect(lab, up.stderr).not.toBe("");
  const nodes = await run("kubectl", "--run", lab, "--", "get", "nodes", "--no-headers");
  expect(nodes.stdout).toMatch(/^cp-1 +Ready .*\nworker-1 +Ready .*\n$/);
  expect(await run("exec", "--run", lab, "worker-1", "--", "sh", "-c", "hostname; exit 3")).toMatchObject({
    code: 3,
    stdout: "worker-1\n",
  });
  expect((await run("status", "--leftovers")).stdout).toContain(`machine cp-1: of run ${lab} (kept`);
  expect(await seen("cp-1")).not.toBe(before.get("cp-1"));
  expect(await run("down", lab)).toMatchObject({ code: 0, stdout: "" });
  for (const name of names) expect(await seen(name)).toBe(before.get(name));
});

test("a raiser that is killed half-way: the next sweep gives them back", async () => {
  const raiser = spawn(process.execPath, [hardway, "up", "scenarios/borrowed-machines", "--inventory", inventory], {
    stdio: "ignore",
  });
  const initBegan = async () =>
    (await run("exec", "--run", strangers, "cp-1", "--", "pgrep", "-f", "kubeadm init")).code === 0;
  while (!(await initBegan())) {
    expect(raiser.exitCode).toBeNull();
    await sleep(500);
  }
  await run("exec", "--run", strangers, "worker-1", "--", "touch", "/opt/left");
  raiser.kill("SIGKILL");
  await once(raiser, "close");
  expect(listRuns().filter(({ borrowed, state }) => borrowed && state === "dead")).toHaveLength(1);
  const lines = await sshBackend(loadInventory(inventory)).sweep();
  expect(lines.map((line) => line.replace(/run \S+:/, "run …:")).sort()).toEqual([
    ...names.map((name) => `${name}: given back, run …: its process ended`),
    "worker-1: new: path /opt/left",
  ]);
  for (const name of names) expect(await seen(name)).toBe(before.get(name));
});

test("of machines that are gone for good it is told what is on them, and the run is forgotten", async () => {
  const up = await run("up", "scenarios/borrowed-machines", "--inventory", inventory, "--until", "prepare machines");
  const lab = runIn(up.stdout);
  expect(lab, up.stderr).not.toBe("");
  await lowerLab(strangers);
  strangers = "";
  const down = await run("down", lab);
  expect(down).toMatchObject({ code: 2, stderr: expect.stringContaining(`hardway down --forget ${lab}`) });
  for (const name of names) expect(down.stderr).toContain(`not given back: ${name}: `);
  const forgotten = await run("down", "--forget", lab);
  expect(forgotten).toMatchObject({ code: 1, stdout: expect.stringContaining(`/var/lib/hardway/${lab}`) });
  for (const name of names) expect(forgotten.stdout).toContain(`not given back: ${name}: `);
  expect(listRuns().map(({ id }) => id)).not.toContain(lab);
});
