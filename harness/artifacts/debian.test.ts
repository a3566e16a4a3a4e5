import { execFileSync } from "node:child_process";
import { chmod, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { whereIs } from "../host/command.ts";
import type { Program } from "../model/artifacts.ts";
import { debianPackages } from "./debian.ts";
import { sha256 } from "./upstream.testing.ts";

const hasDpkg = await whereIs("dpkg-deb");
const tool: Program = { name: "tool", version: "1.1.5", debian: { package: "tool", path: "/usr/sbin/tool" } };
let folder: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "hardway-debian-"));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

/** Real packages, but an apt-get that finds one package only, and that only after an update when `lists` are missing. */
async function extracted(version: string, { lists = true, file = "usr/sbin/tool", has = "tool" } = {}) {
  const root = join(folder, "package");
  await mkdir(join(root, "DEBIAN"), { recursive: true });
  await mkdir(join(root, file, ".."), { recursive: true });
  await writeFile(join(root, file), "the tool");
  const control = `Package: ${has}\nVersion: ${version}\nArchitecture: amd64\nMaintainer: nobody\nDescription: test\n`;
  await writeFile(join(root, "DEBIAN", "control"), control);
  execFileSync("dpkg-deb", ["--build", root, join(folder, "tool.deb")]);

  const bin = join(folder, "bin");
  await mkdir(bin);
  const aptGet = `#!/bin/sh
echo "$@" >> ${folder}/asked
case "$*" in
  *update*) touch ${folder}/lists;;
  *download*" ${has}:amd64") [ -e ${folder}/lists ] && exec cp ${folder}/tool.deb .;;
  *) false;;
esac && exit
echo "E: Unable to locate package" >&2
exit 100
`;
  await writeFile(join(bin, "apt-get"), aptGet);
  await chmod(join(bin, "apt-get"), 0o755);
  if (lists) await writeFile(join(folder, "lists"), "");

  const workspace = join(folder, "workspace");
  await mkdir(workspace);
  const fetched = await debianPackages({ ...process.env, PATH: `${bin}:${process.env.PATH}` }).fetch(
    new Map([[tool, join(folder, "to")]]),
    "amd64",
    { workspace, note: () => {} },
  );
  expect(await readdir(workspace)).toEqual([]);
  const asked = (await readFile(join(folder, "asked"), "utf8")).trimEnd().split("\n");
  return { result: fetched.get(tool), asked: asked.map((line) => line.split(" ")[0]) };
}

describe.skipIf(!hasDpkg)("a program in a Debian package", () => {
  test("is taken when the package has its version, whatever Debian adds", async () => {
    const { result, asked } = await extracted("1:1.1.5+ds1-1+deb12u1");
    expect(result).toEqual({
      sha256: sha256("the tool"),
      from: "tool 1:1.1.5+ds1-1+deb12u1, /usr/sbin/tool in it",
    });
    expect(await readFile(join(folder, "to"), "utf8")).toBe("the tool");
    expect(asked).toEqual(["download"]);
  });

  test("is taken with package lists of our own where the computer has none", async () => {
    const { result, asked } = await extracted("1.1.5-1", { lists: false });
    expect(result).toHaveProperty("sha256");
    expect(asked).toEqual(["download", "update", "download"]);
  });

  test.each(["1.1.50-1", "1.1.4-1", "11.1.5-1"])("is refused when the package is %s", async (version) => {
    const { result } = await extracted(version);
    expect(result).toEqual({ refused: `Debian's tool is ${version} and not 1.1.5` });
  });

  test("is refused when the package does not hold it", async () => {
    const { result } = await extracted("1.1.5-1", { file: "usr/bin/tool" });
    expect(result).toEqual({ refused: "tool 1.1.5-1 holds no /usr/sbin/tool" });
  });

  test("is refused when there is no such package", async () => {
    const { result } = await extracted("1.1.5-1", { has: "else" });
    expect(result).toEqual({ refused: "apt has no package tool:amd64: E: Unable to locate package" });
  });

  test("is not asked for where there is no apt, nor what is not Debian's", async () => {
    expect(await debianPackages({ PATH: folder }).offers(tool, "amd64")).toEqual({
      can: false,
      because: "there is no `apt-get` on the PATH",
    });
    const plain = await debianPackages().offers({ name: "a", version: "1" }, "amd64");
    expect(plain).toEqual({ can: false, because: "it is not taken from Debian" });
  });
});
