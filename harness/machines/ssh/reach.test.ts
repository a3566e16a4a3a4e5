import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { readInventory } from "./inventory.ts";
import { newKeyPair } from "./keys.ts";
import { Reach } from "./reach.ts";

test("a Ctrl-C, which a terminal gives to this process's group, does not end the way to a machine", async () => {
  const folder = mkdtempSync(join(tmpdir(), "reach-"));
  const key = newKeyPair();
  writeFileSync(join(folder, "key"), key.private);
  const groupOf = (pid: string) => `sed 's/.*) //' /proc/${pid}/stat | cut -d' ' -f3`;
  writeFileSync(join(folder, "proxy"), `${groupOf("$$")} >"$1"; ${groupOf(String(process.pid))} >>"$1"`);
  const proxyCommand = `/bin/sh ${join(folder, "proxy")} ${join(folder, "groups")}`;
  const text = `machines: { a: { identityFile: key, hostKeys: "${key.public}", proxyCommand: "${proxyCommand}" } }`;
  {
    await using reach = new Reach(readInventory(text, join(folder, "inventory.yaml")));
    await expect(reach.to("a").exec("true")).rejects.toThrow("a: ssh was not let in");
  }
  const [proxys, ours] = readFileSync(join(folder, "groups"), "utf8").trim().split("\n");
  expect(ours).toMatch(/^\d+$/);
  expect(proxys).not.toBe(ours);
  rmSync(folder, { recursive: true });
});
