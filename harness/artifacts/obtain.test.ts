import { spawn } from "node:child_process";
import { mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import type { ArtifactProvider, Fetched, Program } from "../model/artifacts.ts";
import { LabBroken } from "../model/errors.ts";
import { obtain } from "./obtain.ts";
import { heard, released, sha256, upstream } from "./upstream.testing.ts";

const tool: Program = { name: "tool", version: "1.0.0" };
let home: string;
let env: NodeJS.ProcessEnv;

beforeEach(async () => {
  home = await mkdtemp(join(tmpdir(), "hardway-obtain-"));
  env = { ...process.env, XDG_CACHE_HOME: home, HARDWAY_MIRROR: "" };
});
afterEach(() => rm(home, { recursive: true, force: true }));

/** Provides what it has, refuses the rest, and remembers what it was asked for. */
function provider(name: string, has: Readonly<Record<string, string>>, because = `${name} has not got it`) {
  const asked: string[][] = [];
  const it: ArtifactProvider = {
    name,
    offers: async () => ({ can: true, because: "" }),
    fetch: async (wanted) => {
      asked.push([...wanted.keys()].map((p) => p.name));
      const entries = [...wanted].map(async ([program, to]): Promise<[Program, Fetched]> => {
        const content = has[program.name];
        if (content === undefined) return [program, { refused: because }];
        await writeFile(to, content);
        return [program, { sha256: sha256(content), from: `${name}'s store` }];
      });
      return new Map(await Promise.all(entries));
    },
  };
  return { it, asked };
}

const unfinished = () => readdir(join(home, "hardway", "tmp"));
const locks = () => readdir(join(home, "hardway", "locks"));

describe("providers", () => {
  test("are asked in order, and the refusals are kept beside the artifact", async () => {
    const [first, second, third] = [provider("first", {}), provider("second", { tool: "2" }), provider("third", {})];
    const providers = () => [first.it, { ...second.it, name: "second" }, third.it];
    const options = { env, progress: heard(), providers };
    const made = (await obtain([tool], options)).get(tool);
    expect(made).toMatchObject({
      program: tool,
      provider: "second",
      from: "second's store",
      sha256: sha256("2"),
      bytes: 1,
      refusals: [
        { provider: "cache", because: "not there yet" },
        { provider: "first", because: "first has not got it" },
      ],
    });
    expect(third.asked).toEqual([]);
    expect(options.progress.lines).toEqual(["begin obtaining tool 1.0.0", "done 1 B from second"]);

    expect((await obtain([tool], options)).get(tool)).toEqual(made);
    expect(first.asked).toHaveLength(1);
    expect(options.progress.lines).toHaveLength(2);
    expect([await unfinished(), await locks()]).toEqual([[], []]);
  });

  test("that all refuse make a broken lab which tells every reason, of all programs at once", async () => {
    const other: Program = { name: "other", version: "2" };
    const providers = () => [provider("first", { fine: "f" }).it, provider("second", {}, "it says\nmany words").it];
    const failing = obtain([tool, other, { name: "fine", version: "3" }], {
      arch: "amd64",
      env,
      progress: heard(),
      providers,
    });
    const error = await failing.catch((e) => e);
    expect(error).toBeInstanceOf(LabBroken);
    expect(error.message).toMatch(/^artifacts: no provider has 2 programs that the lab needs\n/);
    expect(error.particulars.seen).toBe(
      [
        "tool 1.0.0 (amd64)",
        "  cache: not there yet",
        "  first: first has not got it",
        "  second: it says",
        "    many words",
        "other 2 (amd64)",
        "  cache: not there yet",
        "  first: first has not got it",
        "  second: it says",
        "    many words",
      ].join("\n"),
    );
    expect([await unfinished(), await locks()]).toEqual([[], []]);
  });

  test("make a damaged artifact anew", async () => {
    const { it, asked } = provider("first", { tool: "good" });
    const options = { env, progress: heard(), providers: () => [it] };
    const path = (await obtain([tool], options)).get(tool)?.path as string;
    await rm(path);
    await writeFile(path, "bad!");
    const again = (await obtain([tool], options)).get(tool);
    expect(again?.refusals[0]).toEqual({ provider: "cache", because: expect.stringMatching(/was damaged: SHA-256/) });
    expect(await readFile(path, "utf8")).toBe("good");
    expect(asked).toHaveLength(2);
  });

  test("get programs of one archive or wrapper together, and only those that are missing", async () => {
    const of = (name: string): Program => ({
      name,
      version: "1",
      release: { url: "http://x/all.tgz", sha256Url: "http://x/sums", member: name },
    });
    const [a, b, c] = [of("a"), of("b"), of("c")];
    const { it, asked } = provider("first", { a: "a", b: "b", c: "c", tool: "t" });
    const options = { env, progress: heard(), providers: () => [it] };
    await obtain([a], options);
    const all = await obtain([a, b, tool, c, b], options);
    expect([...all.keys()]).toEqual([a, b, tool, c]);
    expect(asked.toSorted()).toEqual([["a"], ["b", "c"], ["tool"]]);
  });

  test("are asked once for programs that are alike, and all get the same", async () => {
    const { it, asked } = provider("first", { tool: "t" });
    const twice = [tool, { ...tool }];
    const made = await obtain(twice, { env, progress: heard(), providers: () => [it] });
    expect(asked).toEqual([["tool"]]);
    expect(twice.map((program) => made.get(program)?.path)).toEqual([made.get(tool)?.path, made.get(tool)?.path]);
  });

  test("are as usual: mirror, upstream release, Maven repository, Go modules, C compiler, Debian package", async () => {
    const failing = obtain([released("http://127.0.0.1:1")], {
      arch: "amd64",
      env: { ...env, PATH: "" },
      progress: heard(),
    });
    expect((await failing.catch((e) => e)).particulars.seen).toBe(
      [
        "tool 1.0.0 (amd64)",
        "  cache: not there yet",
        "  mirror: HARDWAY_MIRROR is not set",
        "  upstream release: 127.0.0.1:1 cannot be reached (ECONNREFUSED)",
        "  Maven repository: it is not taken from a Maven repository",
        "  Go modules: no Go module is pinned for it",
        "  C compiler: it is no C file of this project",
        "  Debian package: it is not taken from Debian",
      ].join("\n"),
    );
  });
});

test("a cache that cannot be written to is a broken lab that names it", async () => {
  await writeFile(join(home, "hardway"), "a file where the folder should be");
  const failing = obtain([tool], { env, progress: heard(), providers: () => [] });
  await expect(failing).rejects.toThrow(LabBroken);
  await expect(failing).rejects.toThrow(/\/hardway: the cache of artifacts cannot be used\n.*seen: +(ENOTDIR|EEXIST)/);
});

/** Another process that obtains one program of a release server. */
function another(url: string, wrap: readonly string[] = []) {
  const program = JSON.stringify(released(url));
  const script = `
    import { obtain } from ${JSON.stringify(new URL("./obtain.ts", import.meta.url).href)};
    const line = { note() {}, done() {}, failed() {} };
    const program = ${program};
    try {
      const artifact = (await obtain([program], { progress: { begin: () => line } })).get(program);
      console.log(JSON.stringify({ path: artifact.path, provider: artifact.provider }));
    } catch (e) {
      console.log(JSON.stringify({ error: e.name, message: e.message }));
    }`;
  const [command, ...args] = [...wrap, process.execPath, "--input-type=module", "-e", script] as const;
  const child = spawn(command as string, args as string[], { env, stdio: ["ignore", "pipe", "pipe"] });
  const answer = Promise.all([text(child.stdout), text(child.stderr)]).then(([out, err]) => {
    if (!out) throw new Error(err);
    const [answer, ...left] = out.trimEnd().split("\n");
    return { ...JSON.parse(answer as string), ...(left.length > 0 && { left }) };
  });
  return { child, answer };
}

describe("runs at the same time", () => {
  test("share the work", async () => {
    const content = "x".repeat(100_000);
    await using server = await upstream({
      "/v1.0.0/tool": (response) => setTimeout(() => response.end(content), 500),
      "/v1.0.0/tool.sha256": sha256(content),
    });
    const answers = await Promise.all(
      [another(server.url), another(server.url), another(server.url)].map((a) => a.answer),
    );
    const path = join(home, "hardway", "blobs", "sha256", sha256(content));
    expect(answers).toEqual(answers.map(() => ({ path, provider: "upstream release" })));
    expect(server.asked).toEqual(["/v1.0.0/tool.sha256", "/v1.0.0/tool"]);
    expect(await readFile(path, "utf8")).toBe(content);
    expect([await unfinished(), await locks()]).toEqual([[], []]);
  });
});

describe("an interruption", () => {
  test("leaves nothing that is not finished", async () => {
    const why = new Error("Ctrl-C");
    const controller = new AbortController();
    await using server = await upstream({
      "/v1.0.0/tool.sha256": sha256("x"),
      "/v1.0.0/tool": (response) => {
        response.writeHead(200, { "content-length": 1000 });
        response.write("half of it");
        setTimeout(() => controller.abort(why), 50);
      },
    });
    const progress = heard();
    const interrupted = obtain([released(server.url)], { env, progress, signal: controller.signal });
    await expect(interrupted).rejects.toBe(why);
    expect(progress.lines.at(-1)).toBe("failed interrupted");
    expect([await unfinished(), await locks()]).toEqual([[], []]);
  });

  test("is no refusal, even where a provider takes the interruption for one; nobody else is asked", async () => {
    const why = new LabBroken("interrupted by SIGINT");
    const controller = new AbortController();
    const hasty: ArtifactProvider = {
      ...provider("hasty", {}).it,
      fetch: async (wanted) => {
        controller.abort(why);
        return new Map([...wanted.keys()].map((program) => [program, { refused: why.message }]));
      },
    };
    const next = provider("next", { tool: "x" });
    const providers = () => [hasty, next.it];
    const interrupted = obtain([tool], { env, progress: heard(), signal: controller.signal, providers });
    await expect(interrupted).rejects.toBe(why);
    expect(next.asked).toEqual([]);
  });
});

describe("a full disk", () => {
  /** A file system of 1 MiB over the cache, in a mount namespace of its own: nothing of it outlives the process. */
  const small = [
    "unshare",
    "--mount",
    "--map-root-user",
    "sh",
    "-c",
    'mount -t tmpfs -o size=1m tmpfs "$XDG_CACHE_HOME" && exec "$@"',
    "sh",
  ];

  test("is a broken lab that says what had no room, and where", async ({ skip }) => {
    const trial = spawn(small[0] as string, [...small.slice(1), "true"], { env: { ...env, XDG_CACHE_HOME: home } });
    const exitCode = await new Promise((resolve) => trial.on("exit", resolve).on("error", resolve));
    if (exitCode !== 0) skip("this computer lets nobody mount a tmpfs of his own");

    const content = "x".repeat(3 << 20);
    await using server = await upstream({ "/v1.0.0/tool": content, "/v1.0.0/tool.sha256": sha256(content) });
    const listing = '"$@"; cd "$XDG_CACHE_HOME/hardway"; find . -type f; find tmp locks';
    const { answer } = another(server.url, [...small, "sh", "-c", listing, "sh"]);
    expect(await answer).toEqual({
      error: "LabBroken",
      message: expect.stringMatching(
        /^this computer: the disk is full: there was no room to write tool 1.0.0\n.*seen: +0 B free now of 1 MB at .*hardway\n.*look: +df -h /,
      ),
      left: ["tmp", "locks"],
    });
  });
});
