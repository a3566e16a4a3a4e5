import ssh2, { type ServerChannel } from "ssh2";
import { afterEach, beforeEach, expect, test } from "vitest";
import { LabBroken } from "#harness/model/errors";
import type { Evidence } from "#harness/model/evidence";
import type { Shell } from "#harness/model/machines";
import { fingerprintOf, SshConnection, type SshPeer } from "./connection.ts";
import { newKeyPair } from "./keys.ts";
import { sshShell } from "./shell.ts";
import { type Answer, hostKey, say, sshd } from "./testdata/sshd.ts";

const { utils } = ssh2;
const otherHostKey = newKeyPair();
const otherUserKey = newKeyPair();

const undone: (() => unknown)[] = [];
let journal: Evidence[];
beforeEach(() => {
  journal = [];
});
afterEach(async () => {
  for (const undo of undone.splice(0).reverse()) await undo();
});

async function machine(answer: Answer, options: { changes?: Partial<SshPeer>; maxSessions?: number } = {}) {
  const daemon = await sshd(answer, options);
  const connection = new SshConnection("k8s-node-01", daemon.peer(options.changes));
  undone.push(
    () => daemon.close(),
    () => connection[Symbol.asyncDispose](),
  );
  const sh: Shell = sshShell(connection, { write: (entry) => journal.push(entry) });
  return { daemon, connection, sh };
}

test("a command's outputs, exit code and journal entry", async () => {
  const { sh } = await machine((channel, line) => {
    channel.write(line.includes("'ip route'") ? "default via 192.0.2.1\n" : `not asked for: ${line}`);
    channel.stderr.write("a warning\n");
    channel.exit(3);
    channel.end();
  });
  const result = await sh("ip route", { ok: [3] });
  expect(result).toMatchObject({ exitCode: 3, stdout: "default via 192.0.2.1\n", stderr: "a warning\n" });
  expect(journal).toMatchObject([{ kind: "command-ran", machine: "k8s-node-01", command: "ip route", exitCode: 3 }]);
});

test("an exit by a signal is 128 and the signal's number, as a shell has it", async () => {
  const { sh } = await machine((channel) => {
    channel.exit("KILL", false, "");
    channel.end();
  });
  expect((await sh("stress", { ok: "any" })).exitCode).toBe(137);
});

test.each([
  ["root", "exec"],
  ["debian", "exec sudo -n -H --"],
])("what %s has run begins with %s", async (user, begin) => {
  const lines: string[] = [];
  const answer: Answer = (channel, line, connection) => {
    lines.push(line);
    say("")(channel, line, connection);
  };
  const { sh } = await machine(answer, { changes: { user } });
  await sh(["cat", "it's"]);
  const [line = ""] = lines;
  expect(line.startsWith(begin)).toBe(true);
  expect(line.slice(begin.length)).toMatch(
    /^ 'env' '-C' '\/' 'PATH=[^']*' 'HARDWAY_EXEC=[-0-9a-f]{36}' 'cat' 'it'\\''s'$/,
  );
});

test("a host key is never taken on trust", async () => {
  const { sh, connection } = await machine(say(""), { changes: { hostKeys: [otherHostKey.public] } });
  const refused = await sh("true").catch((error) => error);
  expect(refused).toBeInstanceOf(LabBroken);
  expect(refused.message).toMatch(
    /^k8s-node-01: shows another host key than the one it is known by\n(?:.*\n)*.*SHA256:\S{43}/,
  );
  await expect(connection.established(AbortSignal.timeout(10_000))).rejects.toThrow("another host key");
});

test("a host is known by its fingerprint too", async () => {
  const key = utils.parseKey(hostKey.public);
  if (key instanceof Error) throw key;
  const { sh } = await machine(say("here\n"), { changes: { hostKeys: [fingerprintOf(key.getPublicSSH())] } });
  expect((await sh("true")).stdout).toBe("here\n");
});

test("a user key that is refused is told, and not tried again", async () => {
  const { connection } = await machine(say(""), { changes: { privateKey: otherUserKey.private } });
  await expect(connection.established(AbortSignal.timeout(10_000))).rejects.toThrow(
    "k8s-node-01: does not let root in with this key",
  );
});

test("nobody answers: told with what was seen, again and again until the signal says so", async () => {
  let asked = 0;
  const { connection } = await machine(say(""), {
    changes: {
      connect: async () => {
        asked++;
        throw new Error("connect ECONNREFUSED 192.0.2.11:22");
      },
    },
  });
  const refused = await connection.established(AbortSignal.timeout(700)).catch((error) => error);
  expect(refused.message).toContain("cannot be reached");
  expect(refused.message).toContain("ECONNREFUSED");
  expect(asked).toBeGreaterThan(2);
});

test("a connection that is lost breaks the command under way, and the next command connects anew", async () => {
  const { sh, daemon } = await machine((channel, line, connection) => {
    if (line.includes("hostname")) say("k8s-node-01\n")(channel, line, connection);
    else channel.write("going down\n");
  });
  await sh("hostname");
  const reboot = await sh.start("reboot -f");
  for await (const line of reboot.lines) {
    expect(line).toBe("going down");
    daemon.cutPower();
  }
  await expect(reboot.exit).rejects.toThrow("k8s-node-01: the connection was lost while `/bin/sh -c reboot -f` ran");
  expect((await sh("hostname")).stdout).toBe("k8s-node-01\n");
  expect(daemon.connections).toBe(2);
});

test("a command that may have begun when the connection was lost is not sent again", async () => {
  const lines: string[] = [];
  const { sh, daemon } = await machine((channel, line, connection) => {
    lines.push(line);
    if (line.includes("hostname")) say("")(channel, line, connection);
    else daemon.cutPower();
  });
  await sh("hostname");
  await expect(sh("kubeadm init")).rejects.toThrow("k8s-node-01: the connection was lost as a command began");
  expect(lines).toHaveLength(2);
});

test.each([
  ["sshd's default", 10, 25, 3],
  ["an sshd that allows fewer", 2, 5, 3],
])(
  "more commands at once than a connection takes, %s: further connections",
  async (_, maxSessions, commands, links) => {
    const waiting: ServerChannel[] = [];
    const { sh, daemon } = await machine(
      (channel, line, connection) => {
        waiting.push(channel);
        if (waiting.length === commands) for (const each of waiting) say("ok\n")(each, line, connection);
      },
      { maxSessions },
    );
    const results = await Promise.all(Array.from({ length: commands }, (_, n) => sh(`echo ${n}`)));
    expect(results.map(({ stdout }) => stdout)).toEqual(Array(commands).fill("ok\n"));
    expect(daemon.connections).toBe(links);
  },
);

test("a command that takes too long is killed by its mark, and told", async () => {
  const lines: string[] = [];
  let hanging: ServerChannel | undefined;
  const { sh } = await machine((channel, line, connection) => {
    lines.push(line);
    if (!hanging) {
      hanging = channel;
      return;
    }
    say("")(channel, line, connection);
    hanging.exit("KILL", false, "");
    hanging.end();
  });
  await expect(sh("sleep 60", { within: "100ms" })).rejects.toThrow(/`sleep 60` took longer than 100ms and was killed/);
  const [command = "", killer] = lines;
  const [mark] = /HARDWAY_EXEC=[-0-9a-f]+/.exec(command) ?? [];
  expect(killer).toContain(`grep -lsF ${mark} `);
  expect(killer).toContain("kill -KILL");
  expect(journal).toMatchObject([{ command: "sleep 60", exitCode: 137 }]);
});

test("a bastion that does not reach the machine behind it is told of as that", async () => {
  const { connection } = await machine(say(""));
  await expect(connection.forward("192.0.2.11", 22)).rejects.toThrow(
    /^k8s-node-01: sshd does not connect it to another machine\n +seen: +\(SSH\) Channel open failure/,
  );
});
