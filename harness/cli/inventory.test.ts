import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { type Printed, printed } from "../vitest/printed.ts";
import { main } from "./main.ts";

const servers = [{ name: "a", address: "192.168.0.1", tags: ["kube_control_plane", "kube_node", "etcd"] }];
let folder: string;
let said: Printed;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "hardway-cli-"));
  writeFileSync(join(folder, "servers.json"), JSON.stringify(servers));
  said = printed();
});
afterEach(() => {
  vi.restoreAllMocks();
  rmSync(folder, { recursive: true });
});

function inventoryWith(groupVars: string) {
  writeFileSync(join(folder, "group-vars.yaml"), groupVars);
  return main([
    "inventory",
    "--servers",
    join(folder, "servers.json"),
    "--group-vars",
    join(folder, "group-vars.yaml"),
  ]);
}

test("variables of groups are read as Ansible reads them: YAML 1.1", async () => {
  expect(await inventoryWith("all: {kube_encrypt_secret_data: yes}\n")).toBe(0);
  expect(JSON.parse(said.all)).toMatchObject({ all: { vars: { kube_encrypt_secret_data: true } } });
});

test.each([
  ["all: {a: 1\n", "it is neither JSON nor YAML"],
  ["all: 1\n", "it does not say variables by group"],
])("variables of groups in %j are misdeclared", async (groupVars, says) => {
  expect(await inventoryWith(groupVars)).toBe(2);
  expect(said.all).toContain("group-vars.yaml is misdeclared");
  expect(said.all).toContain(says);
});
