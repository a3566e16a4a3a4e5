import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { buffer } from "node:stream/consumers";
import { extract } from "tar-stream";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { Artifact, Program } from "../model/artifacts.ts";
import { Misdeclared } from "../model/errors.ts";
import { enabling, overlayLayer } from "./layer.ts";

const program: Program = { name: "tool", version: "1.0.0" };
let folder: string;
let artifacts: Map<Program, Artifact>;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "hardway-layer-"));
  const path = join(folder, "tool");
  await writeFile(path, "a program");
  artifacts = new Map([
    [program, { program, arch: "amd64", path, sha256: "", bytes: 9, provider: "test", from: path, refusals: [] }],
  ]);
});

afterAll(() => rm(folder, { recursive: true }));

test("a layer holds programs, files and links, sorted, without times", async () => {
  const layer = await overlayLayer(
    {
      programs: { "/usr/local/bin/tool": program },
      files: { "/etc/b": "text", "/etc/a": { content: new Uint8Array([1]), mode: 0o600, owner: "7:8" } },
      links: { "/etc/link": "a" },
    },
    artifacts,
  );
  const tar = await buffer(layer.open());
  expect(tar.length).toBe(layer.bytes);
  const seen = [];
  for await (const entry of extractFrom(tar)) {
    const { name, mode, uid, gid, mtime, type, linkname } = entry.header;
    seen.push({ name, mode, uid, gid, type, linkname, content: (await buffer(entry)).toString() });
    expect(mtime?.getTime()).toBe(0);
  }
  expect(seen).toMatchObject([
    { name: "etc/a", mode: 0o600, uid: 7, gid: 8, type: "file", content: "\u0001" },
    { name: "etc/b", mode: 0o644, uid: 0, gid: 0, type: "file", content: "text" },
    { name: "etc/link", type: "symlink", linkname: "a" },
    { name: "usr/local/bin/tool", mode: 0o755, type: "file", content: "a program" },
  ]);
});

test("the same overlay is the same layer, in whatever order it is written", async () => {
  const one = await overlayLayer({ programs: {}, files: { "/a": "1", "/b": "2" } }, artifacts);
  const other = await overlayLayer({ programs: {}, files: { "/b": "2", "/a": "1" } }, artifacts);
  const changed = await overlayLayer({ programs: {}, files: { "/b": "2", "/a": "3" } }, artifacts);
  expect(other.digest).toBe(one.digest);
  expect(changed.digest).not.toBe(one.digest);
});

test("an artifact that is not as long as it was said to be is refused", async () => {
  const artifact = artifacts.get(program) as Artifact;
  const longer = new Map([[program, { ...artifact, bytes: 10 }]]);
  await expect(overlayLayer({ programs: { "/tool": program } }, longer)).rejects.toThrow(
    "tool: it could not be packed into an image\n  seen:     Size mismatch",
  );
});

test("an owner that an image cannot know is a mistake", async () => {
  const made = overlayLayer({ programs: {}, files: { "/a": { content: "", owner: "frr" } } }, artifacts);
  await expect(made).rejects.toThrow(Misdeclared);
});

test("units among the files are enabled by links, as WantedBy says", () => {
  const files = {
    "/etc/systemd/system/a.service": "[Service]\nExecStart=/a\n[Install]\nWantedBy=multi-user.target b.target\n",
  };
  expect(enabling(["a.service", "of-a-package.service"], files)).toEqual({
    "/etc/systemd/system/multi-user.target.wants/a.service": "../a.service",
    "/etc/systemd/system/b.target.wants/a.service": "../a.service",
  });
});

function extractFrom(tar: Buffer) {
  const entries = extract();
  entries.end(tar);
  return entries;
}
