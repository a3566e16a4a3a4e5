import { chmodSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { Unsupported } from "../model/errors.ts";
import { coreMinorOf, environmentOf, pythonFor } from "./environment.ts";

test.each([
  [["ansible==10.7.0", "netaddr==1.3.0"], 17],
  [["netaddr==1.3.0", "ansible == 11.13.0"], 18],
  [["ansible-core==2.18.19"], 18],
  [["ansible>=10"], undefined],
])("the core that %j brings", (requirements, minor) => {
  expect(coreMinorOf(requirements)).toBe(minor);
});

let bin: string;
beforeEach(() => {
  bin = mkdtempSync(join(tmpdir(), "hardway-python-"));
});
afterEach(() => rmSync(bin, { recursive: true }));

/** A Python that says its version, and that it has no venv where told so. */
function python(name: string, version: string, { venv = true } = {}): string {
  const path = join(bin, name);
  writeFileSync(path, `#!/bin/sh\necho ${path} ${version}\nexit ${venv ? 0 : 1}\n`);
  chmodSync(path, 0o755);
  return path;
}

test("the first Python on which it runs", () => {
  python("python3", "3.13");
  const path = python("python3.12", "3.12");
  expect(pythonFor(["ansible==10.7.0"], { PATH: bin })).toEqual({ path, version: "3.12" });
});

test.each([
  ["none", () => undefined, "no python3 in the PATH"],
  ["one that is too old", () => python("python3", "3.9"), "is Python 3.9"],
  ["one that cannot make environments", () => python("python3", "3.11", { venv: false }), "it lacks venv"],
])("no Python for it: %s", (_, there, seen) => {
  there();
  const asked = () => pythonFor(["ansible==11.13.0"], { PATH: bin });
  expect(asked).toThrow(Unsupported);
  expect(asked).toThrow("ansible==11.13.0 needs Python 3.13 or 3.12 or 3.11 with venv on this computer");
  expect(asked).toThrow(seen);
});

test("nothing of the user's other Ansibles and Pythons is taken over", () => {
  const env = { PATH: "/bin", HOME: "/home/x", ANSIBLE_CONFIG: "/etc/mine", PYTHONPATH: "/mine", LC_ALL: "de_DE" };
  expect(environmentOf({ folder: "/venv", core: "2.18.19", packages: [] }, env)).toEqual({
    PATH: "/venv/bin:/bin",
    HOME: "/home/x",
    VIRTUAL_ENV: "/venv",
    PYTHONDONTWRITEBYTECODE: "1",
    LC_ALL: "C.UTF-8",
  });
});
