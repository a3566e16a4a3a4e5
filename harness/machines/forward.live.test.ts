import { createHash, randomBytes } from "node:crypto";
import { once } from "node:events";
import { get } from "node:http";
import { connect } from "node:net";
import { buffer, text } from "node:stream/consumers";
import { afterAll, beforeAll, expect, test, vi } from "vitest";
import type { Machine, Powered, RaisedLab } from "#harness/model/machines";
import { raiseLab } from "./container/raise.ts";
import { prepared, silent, testRun, topology } from "./container/testdata/lab.ts";
import { forward } from "./forward.ts";

vi.setConfig({ testTimeout: 20_000 });

let lab: RaisedLab;
let alice: Machine;
beforeAll(async () => {
  lab = await raiseLab(topology, await prepared(), testRun(), silent);
  alice = lab.machines.get("alice") as Machine;
});
afterAll(() => lab?.[Symbol.asyncDispose]());

/** Starts a server on bob that runs a shell line for each connection, and waits until it listens. */
async function serve(port: number, line: string, options = ""): Promise<AsyncDisposable> {
  const bob = lab.machines.get("bob") as Machine;
  const running = await bob.sh.start([
    "socat",
    `${options ? `${options} ` : ""}TCP-LISTEN:${port},fork,reuseaddr`,
    `SYSTEM:${line}`,
  ]);
  await bob.sh(`until ss -ltn | grep -q :${port}; do sleep 0.02; done`, { within: "5s" });
  return running;
}

test("an answer comes back after this side has ended its sending", async () => {
  await using _server = await serve(7100, "sha256sum");
  await using tunnel = await forward(alice, "bob", 7100);
  const body = randomBytes(20 << 20);
  const client = connect(tunnel.port, "127.0.0.1");
  client.end(body);
  expect(await text(client)).toBe(`${createHash("sha256").update(body).digest("hex")}  -\n`);
});

test("large bodies come whole, to slow readers too", async () => {
  const bytes = 64 << 20;
  await using _server = await serve(7101, `head -c ${bytes} /dev/zero`);
  await using tunnel = await forward(alice, "bob", 7101);
  const client = connect({ port: tunnel.port, host: "127.0.0.1" });
  await once(client, "connect");
  client.pause();
  await new Promise((resolve) => setTimeout(resolve, 500));
  expect((await buffer(client)).length).toBe(bytes);
});

test("the other side's end ends the connection, though this side has not ended", async () => {
  await using _server = await serve(7102, "echo bye");
  await using tunnel = await forward(alice, "bob", 7102);
  const client = connect({ port: tunnel.port, host: "127.0.0.1", allowHalfOpen: true });
  const started = Date.now();
  expect(await text(client)).toBe("bye\n");
  expect(Date.now() - started).toBeLessThan(2000);
  client.destroy();
});

test("many at once, each with its own, while others stay open", async () => {
  await using _server = await serve(7103, "read line && echo $line && sleep 60");
  await using tunnel = await forward(alice, "bob", 7103);
  const clients = Array.from({ length: 30 }, () => connect(tunnel.port, "127.0.0.1"));
  const answers = clients.map(async (client, number) => {
    client.write(`hello ${number}\n`);
    const [data] = (await once(client, "data")) as [Buffer];
    return data.toString();
  });
  expect(await Promise.all(answers)).toEqual(clients.map((_, number) => `hello ${number}\n`));
  for (const client of clients) client.destroy();
});

test("a connection that nobody takes is reset", async () => {
  await using tunnel = await forward(alice, "bob", 7199);
  const client = connect(tunnel.port, "127.0.0.1");
  await expect(text(client)).rejects.toMatchObject({ code: "ECONNRESET" });
});

test("a client that goes away leaves no process on the machine", async () => {
  const bob = lab.machines.get("bob") as Machine;
  await using _web = await bob.sh.start(["python3", "-m", "http.server", "7104", "--directory", "/etc"]);
  await bob.sh("until ss -ltn | grep -q :7104; do sleep 0.02; done", { within: "10s" });
  await using tunnel = await forward(alice, "bob", 7104);
  const request = get({ port: tunnel.port, host: "127.0.0.1", path: "/hostname" });
  const [response] = await once(request, "response");
  expect(await text(response)).toBe("bob\n");
  const client = connect(tunnel.port, "127.0.0.1");
  client.write("GET /hostname HTTP/1.1\r\n");
  await alice.sh("until pgrep -f ' bob [7]104'; do sleep 0.02; done", { within: "5s" });
  client.destroy();
  await alice.sh("while pgrep -f ' bob [7]104'; do sleep 0.05; done", { within: "10s" });
});

test("a machine that loses its power resets its connections, and says nothing of its own to the new ones", async () => {
  const bob = lab.machines.get("bob") as Machine & Powered;
  await using _server = await serve(7105, "echo hello; sleep 60");
  await using tunnel = await forward(bob, "127.0.0.1", 7105);
  const open = connect(tunnel.port, "127.0.0.1");
  await once(open, "data");
  const ended = text(open).catch((error) => error.code);
  const heard: Promise<string>[] = [];
  const cut = bob.cutPower();
  for (let i = 0; i < 10; i++) {
    const late = connect(tunnel.port, "127.0.0.1");
    heard.push(text(late).catch((error) => error.code));
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  await cut;
  expect(["", "ECONNRESET"]).toContain(await ended);
  for (const said of await Promise.all(heard)) expect(["", "hello\n", "ECONNRESET"]).toContain(said);
});
