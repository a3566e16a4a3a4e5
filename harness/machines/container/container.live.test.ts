import { spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { setTimeout as pause } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { LabBroken } from "#harness/model/errors";
import type { Machine, Powered, RaisedLab, Shell } from "#harness/model/machines";
import type { ResolvedTopology } from "#harness/model/topology";
import { findRun, keepRun } from "#harness/run/registry";
import { attach, containerBackend, lower } from "./backend.ts";
import { engine } from "./engine.ts";
import { raiseLab } from "./raise.ts";
import { prepared, silent, testRun, topology } from "./testdata/lab.ts";

const raise = async (run = testRun()) => ({ run, lab: await raiseLab(topology, await prepared(), run, silent) });

const machine = (lab: RaisedLab, name: string): Machine & Powered => lab.machines.get(name) as Machine & Powered;

/** Replies to `count` pings, 20 ms apart, each waited for one second at most. */
async function replies(sh: Shell, to: string, count = 3): Promise<number> {
  const { stdout } = await sh(`ping -q -i 0.02 -c ${count} -w 2 -W 1 ${to}`, { ok: "any" });
  return Number(/(\d+) received/.exec(stdout)?.[1] ?? Number.NaN);
}

const ofRun = async (run: string): Promise<string[]> =>
  (await containerBackend().leftovers()).filter((line) => line.includes(`run ${run} `));

/** What tcpdump makes of a capture. */
async function packets(lab: RaisedLab, file: string): Promise<string[]> {
  const { stdout } = await lab.fabric.sh(["tcpdump", "-n", "-r", "-"], { input: readFileSync(file) });
  return stdout.split("\n").filter(Boolean);
}

describe("a lab of two hosts and a router", () => {
  let lab: RaisedLab;
  let run: ReturnType<typeof testRun>;
  let alice: Machine & Powered;
  let bob: Machine & Powered;
  beforeAll(async () => {
    ({ lab, run } = await raise());
    alice = machine(lab, "alice");
    bob = machine(lab, "bob");
  });
  afterAll(() => lab?.[Symbol.asyncDispose]());

  test("machines have the topology's interfaces, addresses, routes, settings and names, and nothing of the engine's", async () => {
    const look = "ip -br link; ip -4 -br addr; ip route; hostname; sysctl -n net.ipv4.conf.eth2.rp_filter";
    const { stdout } = await machine(lab, "between").sh(look);
    const macs = topology.nodes.find((node) => node.name === "between")?.interfaces.map((nic) => nic.mac) ?? [];
    for (const mac of macs) expect(stdout).toContain(mac);
    expect(stdout).toMatch(/^eth1\S* +UP +172\.17\.0\.1\/24/m);
    expect(stdout).toMatch(/^eth2\S* +UP +172\.17\.1\.1\/24/m);
    expect(stdout).toMatch(/^between\n0$/m);
    expect(stdout.match(/^(eth|veth|docker)\S*/gm)).toHaveLength(4);
    const routes = (await bob.sh("ip route")).stdout;
    expect(routes).toContain("default via 172.17.1.1 dev eth0");
    expect(routes).toContain("192.0.2.0/24 via 172.17.1.1 dev eth0");
    expect((await alice.sh("getent hosts bob between")).stdout).toMatch(
      /^172\.17\.1\.10 .*bob\n172\.17\.0\.1 .*between$/m,
    );
    expect((await alice.sh("systemctl is-system-running", { ok: "any" })).stdout.trim()).toBe("running");
  });

  test("segments are switches without an address of any family", async () => {
    const { stdout } = await lab.fabric.sh("ip -br addr | grep -v ^lo; bridge link");
    expect(stdout).not.toMatch(/\d\/\d/);
    expect(stdout.match(/state forwarding/g)).toHaveLength(4);
  });

  test("the router passes packets on", async () => {
    expect(await replies(alice.sh, "bob")).toBe(3);
  });

  test("a cut link carries nothing, and is seen by its machine; healed, it carries again", async () => {
    {
      await using _cut = await lab.fabric.cutLink("bob", "right");
      expect(await replies(alice.sh, "bob")).toBe(0);
      expect((await bob.sh("ip link show eth0")).stdout).toContain("NO-CARRIER");
    }
    expect(await replies(alice.sh, "bob")).toBe(3);
  });

  test("an impairment drops its share, in its direction", async () => {
    {
      await using _half = await lab.fabric.impair("bob", "right", { toNode: 0.5 });
      const got = await replies(alice.sh, "bob", 60);
      expect(got).toBeGreaterThan(10);
      expect(got).toBeLessThan(50);
    }
    {
      await using _deaf = await lab.fabric.impair("bob", "right", { fromNode: 1 });
      await using capture = await lab.fabric.capture("right", { node: "bob", filter: "icmp" });
      expect(await replies(alice.sh, "bob")).toBe(0);
      const seen = await packets(lab, await capture.stop());
      // It hears and answers; the answers are lost behind the port.
      expect(seen.filter((line) => line.includes("echo reply"))).not.toHaveLength(0);
    }
    expect(await replies(alice.sh, "bob", 20)).toBe(20);
  });

  test("a capture of a segment has each packet once, from the first on", async () => {
    await using capture = await lab.fabric.capture("right", { filter: "icmp" });
    expect(await replies(alice.sh, "bob", 5)).toBe(5);
    const file = await capture.stop();
    expect(file.startsWith(join(run.folder, "attachments"))).toBe(true);
    const seen = await packets(lab, file);
    expect(seen.filter((line) => /172\.17\.0\.10 > 172\.17\.1\.10: ICMP echo request/.test(line))).toHaveLength(5);
    expect(seen.filter((line) => /172\.17\.1\.10 > 172\.17\.0\.10: ICMP echo reply/.test(line))).toHaveLength(5);
    expect(run.journalled).toContainEqual(
      expect.objectContaining({ kind: "attached", file: expect.stringContaining("right-") }),
    );
  });

  test("a power cut says no goodbye; restored, the machine is itself again, and only its disks remember", async () => {
    await bob.put({ "/var/lib/kubelet/kept": "kept", "/etc/kept": "kept", "/run/lost": "lost" });
    const self = "ip -br link show eth0 | awk '{print $3}'; ip -4 -br addr show eth0; ip route; cat /etc/machine-id";
    const before = (await bob.sh(self)).stdout.replaceAll(/@if\d+/g, "");
    await using server = await bob.sh.start(["socat", "-u", "TCP-LISTEN:7000,fork", "/dev/null"]);
    await using client = await alice.sh.start(
      "until socat -u EXEC:'sleep 60' TCP:bob:7000 2>/dev/null; do sleep 0.05; done",
    );
    await bob.sh("until ss -tn state established | grep -q :7000; do sleep 0.02; done", { within: "5s" });
    const capture = await lab.fabric.capture("right", { filter: "tcp port 7000" });
    await bob.cutPower();
    expect(await replies(alice.sh, "bob")).toBe(0);
    await expect(bob.sh("true")).rejects.toThrow(LabBroken);
    const goodbyes = (await packets(lab, await capture.stop())).filter((line) =>
      /172\.17\.1\.10\.7000 > .*\[[^\]]*[FR]/.test(line),
    );
    expect(goodbyes).toEqual([]);
    await client.stop();
    await server.stop().catch(() => undefined);

    await bob.restorePower();
    expect((await bob.sh(self)).stdout.replaceAll(/@if\d+/g, "")).toBe(before);
    expect((await bob.sh("cat /var/lib/kubelet/kept /etc/kept; ls /run/lost", { ok: [2] })).stdout).toBe("keptkept");
    expect(await replies(alice.sh, "bob")).toBe(3);
  });

  test("commands: input, exit codes, both outputs, the journal", async () => {
    const big = "0123456789abcdef".repeat(1 << 16);
    expect((await alice.sh(["sha256sum"], { input: big })).stdout).toBe(
      `${(await import("node:crypto")).createHash("sha256").update(big).digest("hex")}  -\n`,
    );
    expect((await alice.sh(["cat"], { input: big })).stdout).toBe(big);
    const spoken = await alice.sh("echo out; echo err >&2; exit 3", { ok: [3] });
    expect(spoken).toMatchObject({ stdout: "out\n", stderr: "err\n", exitCode: 3 });
    await expect(alice.sh("echo no >&2; exit 4")).rejects.toThrow(/alice: `echo no .*` exited with 4\n {2}seen: +no/);
    const entry = run.journalled.find((e) => e.kind === "command-ran" && e.command === "cat");
    expect(entry).toMatchObject({ machine: "alice", exitCode: 0 });
    expect((entry as { stdout: string }).stdout.length).toBeLessThan(4200);
  });

  test("a command that takes too long, or is not wanted any more, is killed in the machine, with all that it started", async () => {
    const stubborn = "trap '' TERM; setsid sleep 4711 & sleep 4712";
    const sleepers = async () => (await alice.sh("pgrep -fx 'sleep 471[12]' | wc -l")).stdout.trim();
    await expect(alice.sh(stubborn, { within: "500ms" })).rejects.toThrow(/took longer than 500ms and was killed/);
    expect(await sleepers()).toBe("0");
    const controller = new AbortController();
    const running = alice.sh(stubborn, { signal: controller.signal });
    await alice.sh("until pgrep -fx 'sleep 4712'; do sleep 0.02; done", { within: "5s" });
    controller.abort(new Error("not wanted"));
    await expect(running).rejects.toThrow("not wanted");
    expect(await sleepers()).toBe("0");
  });

  test("a running command gives its lines as they come, and is stopped", async () => {
    const running = await alice.sh.start(
      "echo line 1; sleep 0.1; echo line 2; sleep 0.1; printf 'line 3\\nrest'; exec sleep 4713",
    );
    const lines: [string, number][] = [];
    const started = Date.now();
    for await (const line of running.lines) {
      lines.push([line, Date.now() - started]);
      if (lines.length === 3) void running.stop();
    }
    expect(lines.map(([line]) => line)).toEqual(["line 1", "line 2", "line 3", "rest"]);
    expect((lines[2]?.[1] ?? 0) - (lines[0]?.[1] ?? 0)).toBeGreaterThan(150);
    expect((await running.exit).exitCode).not.toBe(0);
    await alice.sh("pgrep -fx 'sleep 4713'", { ok: [1] });
  });

  test("files arrive with mode and owner, on tmpfs too, and replace what is in use", async () => {
    const binary = Uint8Array.from({ length: 256 }, (_, i) => i);
    await alice.put({
      "/run/a/b/binary": { content: binary, mode: 0o600, owner: "daemon:adm" },
      "/usr/local/bin/busy": { content: readFileSync("/bin/sleep"), mode: 0o755 },
      "/etc/plain": "plain\n",
    });
    const { stdout } = await alice.sh(
      "stat -c '%a %U:%G %s' /run/a/b/binary /etc/plain; od -An -tu1 -v -w256 /run/a/b/binary",
    );
    expect(stdout).toMatch(/^600 daemon:adm 256\n644 root:root 6\n/);
    expect(stdout.trim().split("\n")[2]?.trim().split(/ +/).map(Number)).toEqual([...binary]);
    await using _busy = await alice.sh.start(["/usr/local/bin/busy", "60"]);
    await alice.put({ "/usr/local/bin/busy": { content: "#!/bin/sh\necho new\n", mode: 0o755 } });
    expect((await alice.sh(["/usr/local/bin/busy"])).stdout).toBe("new\n");
  });

  test("another process can attach to it, and letting go leaves it up", async () => {
    {
      await using again = await attach(run.id);
      expect(await replies(machine(again, "alice").sh, "bob")).toBe(3);
      await using _cut = await again.fabric.cutLink("bob", "right");
      expect(await replies(alice.sh, "bob")).toBe(0);
    }
    expect(await replies(alice.sh, "bob")).toBe(3);
    await expect(attach("no-such-run")).rejects.toThrow("no such lab is up");
  });

  test("a second lab with the same addresses lives beside it", async () => {
    const other = await raise();
    await using _lower = other.lab;
    const serve = (to: Machine, name: string) =>
      to.sh.start(["socat", "TCP-LISTEN:7001,fork,reuseaddr", `SYSTEM:echo ${name}`]);
    await using _one = await serve(bob, "one");
    await using _two = await serve(machine(other.lab, "bob"), "two");
    const ask = async (sh: Shell) =>
      (
        await sh("until socat -u TCP:172.17.1.10:7001 - 2>/dev/null; do sleep 0.05; done", { within: "5s" })
      ).stdout.trim();
    expect(await Promise.all([ask(alice.sh), ask(machine(other.lab, "alice").sh)])).toEqual(["one", "two"]);
    await using _cut = await other.lab.fabric.cutLink("bob", "right");
    expect(await replies(alice.sh, "bob")).toBe(3);
  });
});

describe("what is left behind", () => {
  const backend = containerBackend();

  /** A process of its own that raises a lab and says its run's name. */
  async function child(...argv: string[]): Promise<{ id: string; kill(): Promise<void> }> {
    const script = join(import.meta.dirname, "testdata/raise-and-hang.ts");
    const process_ = spawn(process.execPath, [script, ...argv], { stdio: ["ignore", "pipe", "inherit"] });
    const ended = once(process_, "exit").then(([code]) => Promise.reject(new Error(`the child ended with ${code}`)));
    ended.catch(() => undefined);
    const [id] = (await Promise.race([once(createInterface(process_.stdout), "line"), ended])) as [string];
    const kill = async () => {
      const gone = once(process_, "exit");
      process_.kill("SIGKILL");
      await gone;
    };
    return { id, kill };
  }

  test("nothing, after a lab is lowered", async () => {
    const { run, lab } = await raise();
    expect(await ofRun(run.id)).toHaveLength(4 + 2);
    expect(findRun(run.id)).toBeDefined();
    const started = Date.now();
    await lab[Symbol.asyncDispose]();
    expect(Date.now() - started).toBeLessThan(3000);
    expect(await ofRun(run.id)).toEqual([]);
    expect(findRun(run.id)).toBeUndefined();
  });

  test("nothing, after a raise that failed half-way", async () => {
    const run = testRun();
    const impossible: ResolvedTopology = {
      ...topology,
      nodes: topology.nodes.map((node) => ({ ...node, sysctls: { "net.ipv4.no_such_setting": "1" } })),
    };
    await expect(raiseLab(impossible, await prepared(), run, silent)).rejects.toThrow(/fabric: .*no_such_setting/s);
    expect(await ofRun(run.id)).toEqual([]);
    expect(findRun(run.id)).toBeUndefined();
  });

  test("nothing, after a raise that was interrupted", async () => {
    const run = testRun();
    const raising = raiseLab(topology, await prepared(), run, silent);
    await pause(300);
    run.abort();
    await expect(raising).rejects.toThrow("interrupted");
    expect(await ofRun(run.id)).toEqual([]);
  });

  test("a process killed with SIGKILL leaves its lab, and the next sweep takes it, but not while it lives", async () => {
    const { id, kill } = await child();
    await backend.sweep();
    expect(await ofRun(id)).toHaveLength(4 + 2);
    await kill();
    // Two at once, as two labs that start at the same time.
    const swept = await Promise.all([backend.sweep(), backend.sweep()]);
    expect(swept.flat().filter((line) => line.includes(id))).not.toHaveLength(0);
    expect(await ofRun(id)).toEqual([]);
    expect(findRun(id)).toBeUndefined();
  });

  test("killed while it raises, it leaves nothing after the sweep either", async () => {
    const { id, kill } = await child("half-way");
    while ((await ofRun(id)).length === 0) await pause(20);
    await kill();
    // The engine may still be at work on what the process asked for last.
    await expect.poll(async () => backend.sweep().then(() => ofRun(id)), { timeout: 10_000 }).toEqual([]);
  });

  test("a kept lab stays, although its process ended", async () => {
    const { id, kill } = await child();
    keepRun(id);
    await kill();
    await backend.sweep();
    expect(await ofRun(id)).toHaveLength(4 + 2);
    {
      await using again = await attach(id);
      expect(await replies(machine(again, "alice").sh, "bob")).toBe(3);
    }
    await lower(id);
    expect(await ofRun(id)).toEqual([]);
  });

  test("what is not the lab's is not touched", async () => {
    const { docker } = await engine();
    const { machineImage } = await prepared();
    const foreign = await docker.createContainer({
      Image: machineImage,
      Cmd: ["true"],
      Labels: { hardway: "machine" },
    });
    try {
      await backend.sweep();
      await expect(foreign.inspect()).resolves.toBeDefined();
    } finally {
      await foreign.remove({ v: true });
    }
  });
});

test("the survey tries every feature and tells what the kernel said of those that are missing", async () => {
  const features = await containerBackend().survey();
  expect(features.size).toBe(12);
  for (const { feature, present, seen } of features.values()) if (!present) expect(seen, feature).toMatch(/\w/);
  for (const sure of ["iptables", "overlay", "power-cut"] as const) expect(features.get(sure)?.present).toBe(true);
});
