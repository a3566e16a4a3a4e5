import { mkdir, mkdtemp, rename, rm } from "node:fs/promises";
import { arch as hostArch } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { host, whereIs } from "../host/command.ts";
import type { Arch, ArtifactProvider, Fetched, FetchOptions, GoModule, Program } from "../model/artifacts.ts";
import { LabBroken } from "../model/errors.ts";
import type { Cache } from "./cache.ts";
import { diskFull, sha256Of } from "./files.ts";
import { patience } from "./patience.ts";

/** Where the pinned wrapper modules are. */
export const wrappersFolder = fileURLToPath(new URL("../../fixtures/gomod/", import.meta.url));

/**
 * Builds programs from Go modules pinned by the go.mod and go.sum of a wrapper, which are never written to
 * (`-mod=readonly`) and against which every module is verified. Programs of one wrapper with the same flags are built
 * by one command, and one build at a time among all runs, as each uses all cores.
 */
export function goModules(
  cache: Cache,
  env: NodeJS.ProcessEnv = process.env,
  wrappers: string = wrappersFolder,
): ArtifactProvider {
  return {
    name: "Go modules",

    async offers(program, arch) {
      const { goModule } = program;
      const no = (because: string) => ({ can: false, because });
      if (!goModule) return no("no Go module is pinned for it");
      if (!(await whereIs("go", env))) return no("there is no `go` on the PATH");
      if (goModule.cgo && arch !== hostGoArch())
        return no(`it needs cgo, and a C compiler for ${arch} is not looked for`);
      return { can: true, because: "" };
    },

    async fetch(wanted, arch, options) {
      const fetched = new Map<Program, Fetched>();
      const groups = Map.groupBy(wanted.keys(), ({ goModule }) => JSON.stringify({ ...goModule, package: undefined }));
      for (const programs of groups.values()) {
        options.note("waiting for its turn to build");
        await using _turn = await cache.lock("go build", options);
        for (const [program, f] of await build(programs, wanted, arch, options, { cache, env, wrappers }))
          fetched.set(program, f);
      }
      return fetched;
    },
  };
}

/** Programs of one wrapper with the same flags. */
async function build(
  programs: readonly Program[],
  wanted: ReadonlyMap<Program, string>,
  arch: Arch,
  { workspace, note, signal }: FetchOptions,
  { cache, env, wrappers }: { cache: Cache; env: NodeJS.ProcessEnv; wrappers: string },
): Promise<ReadonlyMap<Program, Fetched>> {
  const module = (p: Program) => p.goModule as GoModule;
  const { wrapper, tags = [], ldflags = [], cgo = false, toolchain } = module(programs[0] as Program);
  const cwd = join(wrappers, wrapper);
  const goEnv = {
    ...env,
    GOOS: "linux",
    GOARCH: arch,
    CGO_ENABLED: cgo ? "1" : "0",
    GOFLAGS: "-buildvcs=false",
    GOWORK: "off",
    // Debian's Go and Go's container images say `local`, which ends where a wrapper asks for a later release.
    GOTOOLCHAIN: toolchain ?? "auto",
  };
  const inWrapper = { cwd, env: goEnv, ...(signal && { signal }) };
  const out = await mkdtemp(join(workspace, "go-"));
  try {
    // Where another release of Go is asked for, it is fetched here.
    const go = await host(["go", "env", "GOVERSION"], { ...inWrapper, within: patience.goRelease.within, ok: "any" });
    const temporary = join(out, "tmp");
    const built = join(out, "bin");
    await mkdir(temporary);
    let compiled = 0;
    const result = await host(
      [
        ...["go", "build", "-v", "-mod=readonly", "-trimpath"],
        ...["-tags", tags.join(","), "-ldflags", ldflags.join(" ")],
        ...["-o", `${built}/`, ...programs.map((p) => module(p).package)],
      ],
      {
        ...inWrapper,
        // The linker and the C compiler go by TMPDIR.
        env: { ...goEnv, GOTMPDIR: temporary, TMPDIR: temporary },
        within: patience.goBuild.within,
        ok: "any",
        onLine: (line) => {
          if (line.startsWith("go: downloading ")) note(line.slice("go: ".length));
          else if (isPackage(line)) note(`compiling, ${++compiled} packages so far`);
        },
      },
    );
    if (result.exitCode !== 0) {
      const said = complaints(result.stderr);
      if (/no space left on device|disk quota exceeded/i.test(result.stderr)) {
        throw await diskFull(`what \`go build\` makes in ${cwd}`, cache.folder, { code: "ENOSPC" }, said);
      }
      const refused = `\`go build\` in ${cwd} failed: ${said}`;
      return new Map(programs.map((p) => [p, { refused }]));
    }
    const fetched = new Map<Program, Fetched>();
    for (const program of programs) {
      const to = wanted.get(program) as string;
      await rename(join(built, binaryName(module(program).package)), to);
      const from = `${module(program).package} as pinned in ${wrapper}/go.mod, ${go.stdout.trim()}`;
      fetched.set(program, { sha256: await sha256Of(to, signal), from });
    }
    return fetched;
  } catch (e) {
    if (!(e instanceof LabBroken) || (e.particulars.cause as { code?: string } | undefined)?.code === "ENOSPC") throw e;
    return new Map(programs.map((p) => [p, { refused: e.message }]));
  } finally {
    await rm(out, { recursive: true, force: true });
  }
}

/** What `go build` calls a program: the last element of its path that is not a major version. */
function binaryName(packagePath: string): string {
  const elements = packagePath.split("/");
  const last = elements.at(-1) as string;
  return /^v[2-9]\d*$|^v1\d+$/.test(last) && elements.length > 1 ? (elements.at(-2) as string) : last;
}

/** The lines of `go build -v` that are neither progress nor packages. */
function complaints(stderr: string): string {
  const lines = stderr.split("\n").filter((l) => l.trim() && !l.startsWith("go: downloading ") && !isPackage(l));
  return lines.slice(-6).join("\n") || "it said nothing";
}

function isPackage(line: string): boolean {
  return /^[\w.~+-]+(\/[\w.~+-]+)*$/.test(line);
}

function hostGoArch(): string {
  return hostArch() === "x64" ? "amd64" : hostArch();
}
