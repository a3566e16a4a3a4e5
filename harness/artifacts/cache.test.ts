import { appendFile, mkdir, mkdtemp, readdir, rm, stat, truncate, utimes, writeFile } from "node:fs/promises";
import { hostname, tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { Cache, cacheFolder, listArtifacts, verifyCache } from "./cache.ts";
import { sha256 } from "./upstream.testing.ts";

const tool = { name: "tool", version: "1.0.0" };
const content = "tool 1.0.0";
let home: string;
let cache: Cache;

beforeEach(async () => {
  home = await mkdtemp(join(tmpdir(), "hardway-cache-"));
  cache = new Cache(join(home, "hardway"));
});
afterEach(() => rm(home, { recursive: true, force: true }));

async function add(program = tool, text = content) {
  await using workspace = await cache.workspace();
  const finished = join(workspace.path, "finished");
  await writeFile(finished, text);
  const refusals = [{ provider: "mirror", because: "HARDWAY_MIRROR is not set" }];
  const made = { provider: "test", from: "this test", sha256: sha256(text), refusals };
  return await cache.add(finished, program, "amd64", "recipe", made);
}

const missing = async () => {
  const found = await cache.find(tool, "amd64", "recipe");
  return "missing" in found ? found.missing : undefined;
};

/** Changes contents but neither size nor time: what a disk does that loses bits. */
async function rot(path: string) {
  const { atime, mtime } = await stat(path);
  await rm(path);
  await writeFile(path, content.toUpperCase());
  await utimes(path, atime, mtime);
}

describe("the cache", () => {
  test("keeps an artifact by its content, with where it came from", async () => {
    expect(await missing()).toBe("not there yet");
    const added = await add();
    expect(added.path).toBe(join(cache.folder, "blobs", "sha256", sha256(content)));
    expect(await cache.find(tool, "amd64", "recipe")).toEqual({ artifact: added });
    expect((await stat(added.path)).mode & 0o777).toBe(0o555);
    expect(await readdir(join(cache.folder, "tmp"))).toEqual([]);
    expect(await cache.find(tool, "arm64", "recipe")).toEqual({ missing: "not there yet" });
    expect(await cache.find(tool, "amd64", "other recipe")).toEqual({ missing: "not there yet" });
  });

  test("detects an artifact that is truncated, overwritten or gone", async () => {
    const { path } = await add();
    await truncate(path, 4);
    expect(await missing()).toMatch(/was damaged: 4 bytes instead of 10$/);
    await add();
    expect(await missing()).toBeUndefined();
    await writeFile(path, content.toUpperCase());
    expect(await missing()).toMatch(/was damaged: SHA-256 [0-9a-f]{12}… instead of [0-9a-f]{12}…$/);
    await rm(path);
    expect(await missing()).toMatch(/was gone$/);
  });

  test("reads an artifact again whose date changed, and remembers that it was right", async () => {
    const { path } = await add();
    const { mtime } = await stat(path);
    await utimes(path, new Date(), new Date());
    expect(await missing()).toBeUndefined();
    expect((await stat(path)).mtime).toEqual(mtime);
  });

  test.each(["", "{", "{}", "null"])("takes an entry that says %j for damaged", async (text) => {
    await add();
    const [entry] = await readdir(join(cache.folder, "index"));
    await writeFile(join(cache.folder, "index", entry as string), text);
    expect(await missing()).toMatch(/^its entry .* was damaged$/);
  });

  test("lists what it holds, and finds by reading what does not show otherwise", async () => {
    const env = { XDG_CACHE_HOME: home };
    expect(await listArtifacts(env)).toEqual([]);
    const { path } = await add();
    await add({ name: "other", version: "2" }, "other 2");
    await rot(path);
    expect((await listArtifacts(env)).map((a) => [a.name, a.provider, a.damaged])).toEqual([
      ["other", "test", undefined],
      ["tool", "test", undefined],
    ]);
    const verified = await verifyCache(env);
    expect(verified.map((a) => [a.name, a.damaged !== undefined])).toEqual([
      ["other", false],
      ["tool", true],
    ]);
    expect(await missing()).toBe("not there yet");
  });

  test("removes unfinished files of dead processes, and of no others", async () => {
    const tmp = join(cache.folder, "tmp");
    const dead = `${hostname()}~4194305~x`;
    const alive = `${hostname()}~${process.ppid}~x`;
    const elsewhere = "another-computer~4194305~x";
    for (const name of [dead, alive, elsewhere]) {
      await mkdir(join(tmp, name), { recursive: true });
      await appendFile(join(tmp, name, "half"), "ha");
    }
    const workspace = await cache.workspace();
    expect((await readdir(tmp)).filter((n) => n.endsWith("x"))).toEqual([alive, elsewhere].sort());
    await workspace[Symbol.asyncDispose]();
    expect(await readdir(tmp)).toHaveLength(2);
  });

  test("gives a lock to one after the other, and to nobody who was interrupted", async () => {
    const order: string[] = [];
    const first = await cache.lock("a", {});
    const second = cache.lock("a", { onWait: () => order.push("waits") }).then((lock) => {
      order.push("gets it");
      return lock;
    });
    await cache.lock("b", {}).then((lock) => lock[Symbol.asyncDispose]());
    const why = new Error("Ctrl-C");
    const interrupted = new AbortController();
    const third = cache.lock("a", { signal: interrupted.signal, onWait: () => interrupted.abort(why) });
    await expect(third).rejects.toBe(why);
    order.push("released");
    await first[Symbol.asyncDispose]();
    await (await second)[Symbol.asyncDispose]();
    expect(order).toEqual(["waits", "released", "gets it"]);
  });
});

test("its folder is where the XDG base directory specification says", () => {
  expect(cacheFolder({ XDG_CACHE_HOME: "/var/cache/me" })).toBe("/var/cache/me/hardway");
  expect(cacheFolder({ XDG_CACHE_HOME: "relative", HOME: "/home/me" })).toBe("/home/me/.cache/hardway");
  expect(cacheFolder({ XDG_CACHE_HOME: "", HOME: "/home/me" })).toBe("/home/me/.cache/hardway");
});
