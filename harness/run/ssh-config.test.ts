import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test, vi } from "vitest";
import { newKeyPair } from "../machines/ssh/keys.ts";
import { sshConfigOfInventory } from "./ssh-config.ts";

test("machines of two inventories are known by keys of their own, though both files have one name", () => {
  const folder = mkdtempSync(join(tmpdir(), "inventories-"));
  vi.stubEnv("XDG_STATE_HOME", join(folder, "state"));
  const here = process.cwd();
  const known = ["first", "second"].map((name) => {
    mkdirSync(join(folder, name));
    const key = newKeyPair().public;
    writeFileSync(
      join(folder, name, "machines.yaml"),
      `machines: { a: { address: 192.0.2.1, identityFile: key, hostKeys: "${key}" } }`,
    );
    process.chdir(join(folder, name));
    const config = sshConfigOfInventory("machines.yaml");
    return { key, file: /UserKnownHostsFile "(.*)"/.exec(config)?.[1] ?? "" };
  });
  process.chdir(here);
  for (const { key, file } of known) expect(readFileSync(file, "utf8")).toContain(key);
  vi.unstubAllEnvs();
  rmSync(folder, { recursive: true });
});
