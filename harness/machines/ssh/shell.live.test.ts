import { createHash, randomBytes } from "node:crypto";
import { afterAll, beforeAll, expect, test, vi } from "vitest";
import type { Shell } from "#harness/model/machines";
import { dial } from "../container/dial.ts";
import { removeContainer, startContainer } from "../container/lab-container.ts";
import { runLabels } from "../container/labels.ts";
import { shellIn } from "../container/shell.ts";
import { toolsImage } from "../container/tools-image.ts";
import { putFiles } from "../files.ts";
import { SshConnection, type SshPeer } from "./connection.ts";
import { newKeyPair } from "./keys.ts";
import { sshShell } from "./shell.ts";
import { stranger } from "./testdata/stranger.ts";

vi.setConfig({ testTimeout: 60_000, hookTimeout: 300_000 });

const boot = "ssh-keygen -A && mkdir -p /run/sshd && exec /usr/sbin/sshd -D -o UsePAM=no";
const silent = { write: () => undefined };
const userKey = newKeyPair();

let container: Awaited<ReturnType<typeof startContainer>>;
let inside: Shell;
let peer: SshPeer;
const open: SshConnection[] = [];

beforeAll(async () => {
  container = await startContainer(await toolsImage(stranger), {
    Entrypoint: ["/bin/sh", "-c", boot],
    Labels: runLabels("probe", `sshd-${process.pid}`),
    Hostname: "sshd",
    HostConfig: { Tmpfs: { "/run": "" }, Init: true, ExtraHosts: ["sshd:127.0.0.1"] },
  });
  inside = shellIn(container, "sshd", silent);
  await inside(
    "useradd -m -s /bin/bash -p '*' debian && echo 'debian ALL=(ALL) NOPASSWD: ALL' > /etc/sudoers.d/debian",
  );
  for (const home of ["/root", "/home/debian"])
    await putFiles(inside, { [`${home}/.ssh/authorized_keys`]: { content: userKey.public, mode: 0o644 } });
  const { stdout: hostKey } = await inside("until cat /etc/ssh/ssh_host_ed25519_key.pub; do sleep 0.05; done");
  peer = {
    connect: () => dial(container, "sshd", "127.0.0.1", 22),
    user: "root",
    privateKey: userKey.private,
    hostKeys: [hostKey.trim()],
  };
  await connectionAs({}).established(AbortSignal.timeout(10_000));
});

afterAll(async () => {
  for (const connection of open) await connection[Symbol.asyncDispose]();
  if (container) await removeContainer(container);
});

function connectionAs(changes: Partial<SshPeer>): SshConnection {
  const connection = new SshConnection("sshd", { ...peer, ...changes });
  open.push(connection);
  return connection;
}

const shellAs = (user: string): Shell => sshShell(connectionAs({ user }), silent);

test.each(["root", "debian"])("%s: a root shell like that in a container", async (user) => {
  const sh = shellAs(user);
  const line = "id -un; pwd; echo $PATH; echo $0; cat; echo aside >&2; exit 3";
  const options = { input: 'it\'s "quoted" $HOME\n', ok: [3] };
  const [remote, local] = await Promise.all([sh(line, options), inside(line, options)]);
  expect({ ...remote, ms: 0 }).toEqual({ ...local, ms: 0 });
  expect((await sh(["printf", "%s", "a b'c"])).stdout).toBe("a b'c");
  expect((await sh("kill -TERM $$", { ok: "any" })).exitCode).toBe(143);
});

test.each(["root", "debian"])("%s: what takes too long is killed with all that it started", async (user) => {
  const sh = shellAs(user);
  const begun = "sleep 3601 & setsid sleep 3601 & sleep 3601";
  await expect(sh(begun, { within: "1s" })).rejects.toThrow("took longer than 1s and was killed");
  expect((await inside("pgrep -fx 'sleep 3601'", { ok: "any" })).stdout).toBe("");
  await using going = await sh.start("while :; do echo beat; sleep 0.05; done");
  for await (const beat of going.lines) {
    expect(beat).toBe("beat");
    break;
  }
  expect((await going.stop()).exitCode).toBe(143);
});

test("bytes in and out, large, apart", async () => {
  const sh = shellAs("debian");
  const bytes = randomBytes(5_000_000);
  expect((await sh("sha256sum", { input: bytes })).stdout).toContain(createHash("sha256").update(bytes).digest("hex"));
  const { stdout, stderr } = await sh("seq 1000000 >&2 & seq 2000000; wait");
  expect([stdout.length, stderr.length]).toEqual([14_888_896, 6_888_896]);
  await putFiles(sh, { "/run/lab/key": { content: "secret", mode: 0o600, owner: "debian" } });
  expect((await sh("stat -c '%a %U %s' /run/lab/key")).stdout).toBe("600 debian 6\n");
});

test("more commands at once than sshd has sessions for", async () => {
  const sh = shellAs("root");
  const answers = await Promise.all(Array.from({ length: 25 }, (_, n) => sh(`sleep 0.5; echo ${n}`)));
  expect(answers.map(({ stdout }) => Number(stdout))).toEqual(answers.map((_, n) => n));
});

test("a bastion's connection is as good as one's own", async () => {
  const bastion = connectionAs({ user: "debian" });
  const behind = sshShell(connectionAs({ connect: () => bastion.forward("127.0.0.1", 22) }), silent);
  expect((await behind("id -un")).stdout).toBe("root\n");
  await expect(bastion.forward("127.0.0.1", 1)).rejects.toThrow("refused");
});

test("who may not sudo is told so", async () => {
  await inside("useradd -m -s /bin/bash -p '*' guest && cp -r ~root/.ssh /home/guest/ && chown -R guest: /home/guest");
  await expect(shellAs("guest")("true")).rejects.toThrow("sudo: a password is required");
});

test("a power cut breaks what runs; the machine is reached again when it is back, and by its own key alone", async () => {
  const connection = connectionAs({});
  const sh = sshShell(connection, silent);
  const sleeping = await sh.start("sleep 3600");
  const gone = container.wait({ condition: "not-running" });
  await container.kill({ signal: "SIGKILL" });
  await gone;
  await expect(sleeping.exit).rejects.toThrow("the connection was lost while");
  await expect(sh("true")).rejects.toThrow("cannot be reached");
  await container.start();
  await connection.established(AbortSignal.timeout(20_000));
  expect((await sh("id -un")).stdout).toBe("root\n");

  await inside("rm /etc/ssh/ssh_host_*");
  await container.restart({ t: 0 });
  await expect(connection.established(AbortSignal.timeout(20_000))).rejects.toThrow("another host key");
});
