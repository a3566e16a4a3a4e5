import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { packageSources } from "./sources.ts";

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "hardway-apt-"));
});
afterEach(() => rm(folder, { recursive: true }));

async function apt(files: Record<string, string>, archive = "http://fallback.example/debian"): Promise<string> {
  for (const [path, text] of Object.entries(files)) {
    await mkdir(dirname(join(folder, path)), { recursive: true });
    await writeFile(join(folder, path), text);
  }
  return packageSources("bookworm", folder, archive, join(folder, "debian.gpg"));
}

test("Debian's own sources are taken as they are, others' are not", async () => {
  const sources = await apt({
    "sources.list.d/debian.sources": `Types: deb deb-src
# a snapshot
URIs: http://mirror.example/debian
Suites: bookworm bookworm-updates
Components: main contrib
Signed-By: /usr/share/keyrings/debian-archive-keyring.gpg

Types: deb
URIs: http://mirror.example/debian-security
Suites: bookworm-security
Components: main
`,
    "sources.list.d/node.sources": "Types: deb\nURIs: https://node.example\nSuites: nodistro\nComponents: main\n",
    "sources.list.d/cloud.list": "deb https://cloud.example/apt cloud-sdk-bookworm main\n",
  });
  expect(sources).toBe(`Types: deb
URIs: http://mirror.example/debian
Suites: bookworm bookworm-updates
Components: main
Signed-By: /usr/share/keyrings/debian-archive-keyring.gpg

Types: deb
URIs: http://mirror.example/debian-security
Suites: bookworm-security
Components: main
`);
});

test("the mirror of a computer that runs another release serves too; the one-line format is understood", async () => {
  const sources = await apt({
    "sources.list": `# deb http://old.example/debian trixie main
deb [arch=amd64 signed-by=/k.gpg] http://mirror.example/debian trixie main non-free-firmware # near
deb-src http://mirror.example/debian trixie main
deb http://mirror.example/debian trixie-updates main
`,
  });
  expect(sources).toBe(`Types: deb
URIs: http://mirror.example/debian
Suites: bookworm
Components: main
Signed-By: /k.gpg

Types: deb
URIs: http://mirror.example/debian
Suites: bookworm-updates
Components: main
`);
});

const ubuntu = { "sources.list": "deb http://ubuntu.example/ubuntu noble main\n" };

test("a computer that is no Debian takes the archive that it is told, by Debian's keys", async () => {
  expect(await apt({ ...ubuntu, "debian.gpg": "keys" }, "http://mirror.example/debian")).toBe(`Types: deb
URIs: http://mirror.example/debian
Suites: bookworm bookworm-updates
Components: main
Signed-By: ${folder}/debian.gpg
`);
});

test("a computer that is no Debian and lacks Debian's keys says what to install", async () => {
  await expect(apt(ubuntu)).rejects.toThrow(/debian\.gpg: the keys .* are missing\n.*package debian-archive-keyring/);
});

test("a computer that is no Debian and is told no archive says what to do", async () => {
  await expect(apt(ubuntu, "")).rejects.toThrow(/name no Debian archive.*HARDWAY_DEBIAN_ARCHIVE/s);
});

test("sources that are switched off stay so", async () => {
  const off = "Types: deb\nURIs: http://off.example/debian\nSuites: bookworm\nComponents: main\nEnabled: no\n";
  expect(await apt({ "sources.list.d/a.sources": off, "debian.gpg": "keys" })).not.toContain("off.example");
});
