import { execFileSync } from "node:child_process";
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import type { GoModule, Program } from "../model/artifacts.ts";
import { Cache } from "./cache.ts";
import { goModules } from "./gomodules.ts";

const hasGo = await import("../host/command.ts").then(({ whereIs }) => whereIs("go"));
const env = { ...process.env, GOPROXY: "off", GOFLAGS: "-mod=mod" };
let folder: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "hardway-go-"));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

async function wrapper(name: string, files: Readonly<Record<string, string>>) {
  for (const [file, content] of Object.entries({ "go.mod": `module hardway.invalid/${name}\n\ngo 1.20\n`, ...files })) {
    await mkdir(join(folder, "gomod", name, file, ".."), { recursive: true });
    await writeFile(join(folder, "gomod", name, file), content);
  }
}

const program = (name: string, goModule: GoModule): Program => ({ name, version: "1", goModule });

async function build(programs: readonly Program[], signal?: AbortSignal, here: NodeJS.ProcessEnv = env) {
  const workspace = join(folder, "workspace");
  await mkdir(workspace, { recursive: true });
  const notes: string[] = [];
  const wanted = new Map(programs.map((p) => [p, join(folder, p.name)]));
  const provider = goModules(new Cache(join(folder, "cache")), here, join(folder, "gomod"));
  const fetched = await provider.fetch(wanted, "amd64", {
    workspace,
    note: (text) => notes.push(text),
    ...(signal && { signal }),
  });
  expect(await readdir(workspace)).toEqual([]);
  return { fetched, notes };
}

const says = (what: string) => `package main\n\nvar what = ${JSON.stringify(what)}\n\nfunc main() { println(what) }\n`;

test.each([
  ["whichever serves, though this computer's Go says local", undefined, "auto"],
  ["the one that must build them", "go1.24.9", "go1.24.9"],
])("programs are built by a release of Go: %s", async (_, toolchain, asked) => {
  const said = join(folder, "said");
  await mkdir(join(folder, "bin"));
  await writeFile(join(folder, "bin", "go"), `#!/bin/sh\necho "$1 $GOTOOLCHAIN" >>${said}\nexit 1\n`, { mode: 0o755 });
  await wrapper("w", { "main.go": says("w") });
  const here = { ...env, PATH: `${join(folder, "bin")}:${process.env.PATH}`, GOTOOLCHAIN: "local" };
  await build([program("w", { wrapper: "w", package: "w", ...(toolchain && { toolchain }) })], undefined, here);
  expect(await readFile(said, "utf8")).toBe(`env ${asked}\nbuild ${asked}\n`);
});

describe.skipIf(!hasGo)("programs from Go modules", () => {
  test.runIf(process.arch === "x64")("are built by wrapper, with their flags", async () => {
    await wrapper("w", { "hello/main.go": says("hello"), "v2/main.go": says("w, major version 2") });
    const hello = program("greeter", {
      wrapper: "w",
      package: "hardway.invalid/w/hello",
      ldflags: ["-s", "-X main.what=good-bye"],
    });
    const w = program("w", { wrapper: "w", package: "hardway.invalid/w/v2" });
    const { fetched } = await build([hello, w]);
    expect(fetched.get(hello)).toEqual({
      sha256: expect.stringMatching(/^[0-9a-f]{64}$/),
      from: expect.stringMatching(/^hardway.invalid\/w\/hello as pinned in w\/go.mod, go1\./),
    });
    const run = (name: string) => execFileSync("sh", ["-c", `${join(folder, name)} 2>&1`], { encoding: "utf8" });
    expect(run("greeter")).toBe("good-bye\n");
    expect(run("w")).toBe("w, major version 2\n");
  });

  test("are refused where the release of Go that must build them cannot be had", async () => {
    await wrapper("w", { "main.go": says("w") });
    const old = program("old", { wrapper: "w", package: "hardway.invalid/w", toolchain: "go1.21.99" });
    const { fetched } = await build([old]);
    expect(fetched.get(old)).toEqual({ refused: expect.stringMatching(/go1\.21\.99 for linux.*not available/) });
  });

  test("are refused with the compiler's words, without spoiling the others", async () => {
    await wrapper("bad", { "main.go": "package main\n\nfunc main() { undefined() }\n" });
    await wrapper("good", { "main.go": says("good") });
    const bad = program("bad", { wrapper: "bad", package: "hardway.invalid/bad" });
    const good = program("good", { wrapper: "good", package: "hardway.invalid/good" });
    const { fetched } = await build([bad, good]);
    expect(fetched.get(bad)).toEqual({ refused: expect.stringMatching(/failed: .*\n?.*undefined: undefined/) });
    expect(fetched.get(good)).toHaveProperty("sha256");
  });

  test("are refused when go.mod does not pin what they need, though it could be had, and go.mod stays as it is", async () => {
    await wrapper("elsewhere", { "elsewhere.go": "package elsewhere\n" });
    const mod = "module hardway.invalid/unpinned\n\ngo 1.20\n\nreplace hardway.invalid/elsewhere => ../elsewhere\n";
    const main = 'package main\n\nimport _ "hardway.invalid/elsewhere"\n\nfunc main() {}\n';
    await wrapper("unpinned", { "go.mod": mod, "main.go": main });
    const unpinned = program("unpinned", { wrapper: "unpinned", package: "hardway.invalid/unpinned" });
    const { fetched } = await build([unpinned]);
    expect(fetched.get(unpinned)).toEqual({
      refused: expect.stringMatching(/hardway.invalid\/elsewhere.* is replaced but not required/),
    });
    expect(await readFile(join(folder, "gomod", "unpinned", "go.mod"), "utf8")).toBe(mod);
  });

  test("are given up at once when the run is interrupted", async () => {
    await wrapper("w", { "main.go": says("w") });
    const why = new Error("Ctrl-C");
    const building = build([program("w", { wrapper: "w", package: "hardway.invalid/w" })], AbortSignal.abort(why));
    await expect(building).rejects.toBe(why);
  });

  test("are not asked for without a module, without go, or with cgo for another architecture", async () => {
    const cache = new Cache(join(folder, "cache"));
    const plain = program("w", { wrapper: "w", package: "w" });
    const because = async (...[p, arch, e]: [Program, "amd64" | "arm64", NodeJS.ProcessEnv]) =>
      (await goModules(cache, e).offers(p, arch)).because;
    expect(await because({ name: "a", version: "1" }, "amd64", env)).toBe("no Go module is pinned for it");
    expect(await because(plain, "amd64", { PATH: "/nowhere" })).toBe("there is no `go` on the PATH");
    expect(await because(plain, "arm64", env)).toBe("");
    const cgo = program("w", { wrapper: "w", package: "w", cgo: true });
    expect(await because(cgo, process.arch === "x64" ? "arm64" : "amd64", env)).toMatch(/^it needs cgo/);
  });
});
