import { spawn } from "node:child_process";
import { once } from "node:events";
import { rm } from "node:fs/promises";
import { get } from "node:http";
import { text } from "node:stream/consumers";
import { afterAll, beforeAll, expect, test, vi } from "vitest";
import { LabBroken } from "#harness/model/errors";
import type { Consoled, Machine, Powered, RaisedLab } from "#harness/model/machines";
import { findRun } from "#harness/run/registry";
import { engine } from "../container/engine.ts";
import { label } from "../container/labels.ts";
import { attachLab, raiseLab } from "../container/raise.ts";
import { sweepDead } from "../container/sweep.ts";
import { silent, testRun } from "../container/testdata/lab.ts";
import { forward } from "../forward.ts";
import { atThisPace, prepared, topology } from "./testdata/lab.ts";

vi.setConfig({ testTimeout: 600_000, hookTimeout: 600_000 });

const run = testRun();
let lab: RaisedLab;
const machine = (name: string) => lab.machines.get(name) as Machine & Powered & Consoled;
const said = async (name: string, script: string) => (await machine(name).sh(script)).stdout.trim();

beforeAll(async () => {
  lab = await raiseLab(topology, await prepared(), run, silent);
});
afterAll(() => lab?.[Symbol.asyncDispose]());

test("a guest is what its node says: names, addresses, routes, sysctls", async () => {
  expect(await said("bob", "hostname; ip -4 -br address show ens3; ip route show default")).toMatch(
    /^bob\nens3 +U\w+ +172\.17\.1\.10\/24 *\ndefault via 172\.17\.1\.1 dev ens3$/,
  );
  expect(await said("anna", "cat /proc/sys/net/ipv4/conf/eth0/rp_filter")).toBe("1");
  const shared =
    "cd /proc/sys/net && cat ipv6/conf/all/disable_ipv6 ipv4/conf/all/rp_filter ipv4/conf/default/rp_filter";
  expect(await said("alice", shared)).toBe(await said("between", shared));
  expect(await said("alice", "getent hosts bob")).toMatch(/^172\.17\.1\.10\s+bob$/);
  expect(await said("alice", "cat /etc/machine-id")).not.toBe(await said("anna", "cat /etc/machine-id"));
  expect(await said("alice", "uname -r")).not.toBe(await said("between", "uname -r"));
  expect(await said("bob", "findmnt -no TARGET /var/lib/containerd")).toBe("/var/lib/containerd");
  expect(await said("alice", "systemctl is-system-running")).toBe("running");
});

test("a guest's clock is right from the start", async () => {
  for (const name of ["alice", "bob"]) {
    const ahead = Number(await said(name, "date +%s%3N")) - Number(await said("between", "date +%s%3N"));
    expect(Math.abs(ahead)).toBeLessThan(1000);
  }
});

test("guests reach each other, and through a router that is a container", async () => {
  await machine("alice").sh("ping -c 2 -W 5 anna");
  await machine("alice").sh("ping -c 2 -W 5 -M do -s 1472 bob");
  expect(await said("between", "cat /proc/sys/net/ipv4/ip_forward")).toBe("1");
});

test("a shell: exit codes, output, files, and an end to what takes too long", async () => {
  const { sh } = machine("alice");
  await machine("alice").put({ "/run/told": { content: "über\n", mode: 0o640, owner: "nobody:nogroup" } });
  expect(await said("alice", "stat -c '%a %U %G' /run/told; cat /run/told")).toBe("640 nobody nogroup\nüber");
  expect(await sh("echo out; echo err >&2; exit 3", { ok: [3] })).toMatchObject({ stdout: "out\n", stderr: "err\n" });
  await expect(sh("sleep 60", { within: "2s" })).rejects.toThrow(LabBroken);
  expect((await sh("pgrep -x sleep", { ok: [1] })).stdout).toBe("");
  await using ticking = await sh.start("while sleep 0.2; do echo tick; done");
  for await (const line of ticking.lines) {
    expect(line).toBe("tick");
    break;
  }
});

test("a tunnel of IPIP, and its packets on the segment's wire", async () => {
  const tunnel = (local: string, remote: string, inner: string) =>
    `ip tunnel add t1 mode ipip local ${local} remote ${remote} && ip address add ${inner}/30 dev t1 && ip link set t1 up`;
  await machine("alice").sh(tunnel("172.17.0.10", "172.17.1.10", "10.9.0.1"));
  await machine("bob").sh(tunnel("172.17.1.10", "172.17.0.10", "10.9.0.2"));
  await using capture = await lab.fabric.capture("right", { filter: "ip proto 4" });
  await machine("alice").sh("ping -c 3 -W 5 10.9.0.2");
  const file = await capture.stop();
  const { stdout } = await machine("between").sh("tcpdump -nr - 2>/dev/null | grep -c 'IP 10.9.0.1 > 10.9.0.2'", {
    input: (await import("node:fs")).readFileSync(file),
  });
  expect(Number(stdout)).toBe(3);
});

test("a cut link and lost frames are as they are for containers", async () => {
  const ping = async () => (await machine("alice").sh("ping -c 2 -i 0.2 -W 1 anna", { ok: "any" })).exitCode;
  expect(await ping()).toBe(0);
  {
    await using _cut = await lab.fabric.cutLink("anna", "left");
    expect(await ping()).toBe(1);
  }
  {
    await using _loss = await lab.fabric.impair("anna", "left", { toNode: 1 });
    expect(await ping()).toBe(1);
  }
  expect(await ping()).toBe(0);
});

test("a connection from this computer to a port of a guest", async () => {
  await using _server = await machine("bob").sh.start("cd /etc && python3 -m http.server 8080 --bind 127.0.0.1");
  await machine("bob").sh("until ss -ltn | grep -q :8080; do sleep 0.1; done", { within: "30s" });
  await using tunnel = await forward(machine("bob"), "127.0.0.1", 8080);
  const request = get(`http://127.0.0.1:${tunnel.port}/hostname`);
  const [response] = await once(request, "response");
  expect(await text(response)).toBe("bob\n");
});

test("who attaches to the lab enters its guests too", async () => {
  await using attached = await attachLab(run.id, run.journal);
  expect((await attached.machines.get("anna")?.sh("hostname"))?.stdout).toBe("anna\n");
});

test("without power it is gone, and what was not written to its disk too; with power it is the same machine", async () => {
  const anna = machine("anna");
  await anna.sh("echo kept > /root/kept && sync");
  const before = await said("anna", "cat /etc/machine-id /sys/class/net/eth0/address");
  await anna.cutPower();
  await expect(anna.sh("true", { within: "10s" })).rejects.toThrow(LabBroken);
  expect((await machine("alice").sh("ping -c 2 -i 0.2 -W 1 anna", { ok: "any" })).exitCode).toBe(1);
  await anna.restorePower();
  expect(await said("anna", "cat /root/kept")).toBe("kept");
  expect(await said("anna", "cat /etc/machine-id /sys/class/net/eth0/address")).toBe(before);
  await machine("alice").sh("ping -c 2 -W 5 anna");
});

test("its memory ends where its hull's does", async () => {
  const total = Number(await said("alice", "awk '/^MemTotal/ { print $2 }' /proc/meminfo"));
  expect(total).toBeLessThan(512 * 1024);
  const { docker } = await engine();
  const [hull] = await docker.listContainers({ filters: { label: [`${label.run}=${run.id}`, `${label.node}=alice`] } });
  const { HostConfig } = await docker.getContainer(hull?.Id ?? "").inspect();
  expect(HostConfig.Memory).toBe((512 + 384) * 2 ** 20);
});

test("two labs with the same addresses side by side", async () => {
  const pair = await atThisPace({
    segments: { left: "172.17.0.0/24" },
    nodes: { alice: { machine: "vm", role: "host", on: ["left"] }, peer: { role: "host", on: ["left"] } },
  });
  await using other = await raiseLab(pair, await prepared(), testRun(), silent);
  await other.machines.get("peer")?.sh("ping -c 1 -W 5 alice");
  const id = await other.machines.get("alice")?.sh("cat /etc/machine-id");
  expect(id?.stdout.trim()).not.toBe(await said("alice", "cat /etc/machine-id"));
  await machine("anna").sh("ping -c 1 -W 5 alice");
});

const one = await atThisPace({
  segments: { left: "172.17.0.0/24" },
  nodes: { alone: { machine: "vm", role: "host", on: ["left"] } },
});

test("a kernel that panics is told with the end of its console, and nothing is left", async () => {
  const { detail, ...rest } = await prepared();
  const broken = testRun();
  const { docker } = await engine();
  const empty = `hardway-${broken.id}-empty`;
  await docker.createVolume({ Name: empty });
  try {
    await expect(raiseLab(one, { ...rest, detail: { ...detail, disk: empty } }, broken, silent)).rejects.toThrow(
      /the machine did not boot[\s\S]*its kernel ended itself[\s\S]*(Unable to mount root|base\.ext4)/,
    );
  } finally {
    await docker.getVolume(empty).remove();
  }
  expect(await docker.listContainers({ all: true, filters: { label: [`${label.run}=${broken.id}`] } })).toEqual([]);
});

test("a hull without an emulator, and so without a kernel, is told with what its console says", async () => {
  const { detail, ...rest } = await prepared();
  const empty = { ...rest, detail: { ...detail, hull: rest.machineImage } };
  await expect(raiseLab(one, empty, testRun(), silent)).rejects.toThrow(
    /the machine did not boot[\s\S]*its kernel ended itself[\s\S]*(not found|No such file)/,
  );
});

test("a raiser that is killed leaves nothing after the next sweep", async () => {
  const id = `live-killed-${process.pid}`;
  const script = `
    const { raiseLab } = await import("./harness/machines/container/raise.ts");
    const { silent, testRun } = await import("./harness/machines/container/testdata/lab.ts");
    const { prepared } = await import("./harness/machines/vm/testdata/lab.ts");
    await raiseLab(${JSON.stringify(one)}, await prepared(), { ...testRun(), id: "${id}" }, silent);
    console.log("up");
    setInterval(() => {}, 1000);`;
  const raiser = spawn(process.execPath, ["--input-type=module", "-e", script], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  await once(raiser.stdout, "data");
  raiser.kill("SIGKILL");
  await once(raiser, "close");
  const folder = findRun(id)?.folder;
  expect((await sweepDead()).filter((line) => line.includes(id)).length).toBeGreaterThanOrEqual(2);
  const { docker } = await engine();
  expect(await docker.listContainers({ all: true, filters: { label: [`${label.run}=${id}`] } })).toEqual([]);
  if (folder !== undefined) await rm(folder, { recursive: true, force: true });
});
