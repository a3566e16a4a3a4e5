import { createHash } from "node:crypto";
import { readdir, readFile } from "node:fs/promises";
import { arch as hostArch } from "node:os";
import { join } from "node:path";
import type { Arch, Artifact, ArtifactProvider, Program, Refusal } from "../model/artifacts.ts";
import { LabBroken } from "../model/errors.ts";
import type { Progress, ProgressLine } from "../model/progress.ts";
import { cCompiler } from "./c-compiler.ts";
import { Cache, cacheFolder } from "./cache.ts";
import { debianPackages } from "./debian.ts";
import { Downloads } from "./download.ts";
import { diskFull, isDiskFull, size } from "./files.ts";
import { goModules, wrappersFolder } from "./gomodules.ts";
import { mavenRepository } from "./maven.ts";
import { mirror, upstreamRelease } from "./release.ts";

export interface ObtainOptions {
  /** Default: this computer's. */
  readonly arch?: Arch;
  readonly progress: Progress;
  readonly signal?: AbortSignal;
  /** XDG_CACHE_HOME, HARDWAY_MIRROR, PATH and what Maven, Go and apt read. Default: of this process. */
  readonly env?: NodeJS.ProcessEnv;
  /** Folder of the wrapper modules. Default: `fixtures/gomod`. */
  readonly wrappers?: string;
  /** Asked in order when the cache has not got it. Default: mirror, upstream release, Maven repository, Go modules,
   * C compiler, Debian package. */
  readonly providers?: (cache: Cache) => readonly ArtifactProvider[];
}

/** Shared by the process, so that a server that is down is found out once. */
const downloads = new Downloads();

/**
 * Gets programs from the cache, and what it has not got from the first provider that can. Programs that come out of one
 * archive or build are made together, and by one run when several want them at once. Throws `LabBroken` with every
 * provider's reason for all programs that could not be had, and when the disk is full; the signal's reason when aborted.
 */
export async function obtain(
  programs: readonly Program[],
  options: ObtainOptions,
): Promise<ReadonlyMap<Program, Artifact>> {
  const { arch = thisArch(), env = process.env, wrappers = wrappersFolder, progress } = options;
  options.signal?.throwIfAborted();
  const cache = new Cache(cacheFolder(env));
  const providers = options.providers?.(cache) ?? [
    mirror(env.HARDWAY_MIRROR, downloads),
    upstreamRelease(downloads),
    mavenRepository(downloads, env),
    goModules(cache, env, wrappers),
    cCompiler(env),
    debianPackages(env),
  ];
  const stop = new AbortController();
  const signal = options.signal ? AbortSignal.any([options.signal, stop.signal]) : stop.signal;
  const context: Context = { cache, providers, arch, progress, signal, wrappers };

  const failures: unknown[] = [];
  const results = new Map<Program, Result>();
  // Recipes each have their own idea of a program: two that are alike are one.
  const alike = Map.groupBy(programs, (program) => JSON.stringify(program));
  const units = Map.groupBy(
    [...alike.values()].map(([first]) => first as Program),
    madeTogether,
  );
  await Promise.all(
    [...units].map(async ([name, unit]) => {
      try {
        for (const [program, result] of await obtainUnit(name, unit, context)) results.set(program, result);
      } catch (e) {
        const failure = isOfFileSystem(e) ? unusable(cache, e) : e;
        failures.push(failure);
        stop.abort(failure);
      }
    }),
  );
  options.signal?.throwIfAborted();
  if (failures.length > 0) throw failures[0];

  const artifacts = new Map<Program, Artifact>();
  const unobtainable = new Map<Program, readonly Refusal[]>();
  for (const same of alike.values()) {
    const [first] = same as [Program];
    const result = results.get(first) as Result;
    if ("path" in result) for (const program of same) artifacts.set(program, result);
    else unobtainable.set(first, result.refusals);
  }
  if (unobtainable.size > 0) throw nobodyProvides(unobtainable, arch);
  return artifacts;
}

interface Context {
  readonly cache: Cache;
  readonly providers: readonly ArtifactProvider[];
  readonly arch: Arch;
  readonly progress: Progress;
  readonly signal: AbortSignal;
  readonly wrappers: string;
}

type Result = Artifact | { readonly refusals: readonly Refusal[] };

/** What programs that are made together have in common: the archive that they are released in, or the wrapper module. */
function madeTogether({ name, release, goModule }: Program): string {
  return (release?.member !== undefined ? release.url : goModule?.wrapper) ?? name;
}

async function obtainUnit(
  name: string,
  programs: readonly Program[],
  context: Context,
): Promise<ReadonlyMap<Program, Result>> {
  const { cache, arch, progress, signal, wrappers } = context;
  const recipes = new Map(await Promise.all(programs.map(async (p) => [p, await recipeOf(p, wrappers)] as const)));
  const lookUp = async () => {
    const found = new Map<Program, Artifact>();
    const missing = new Map<Program, Refusal>();
    for (const [program, recipe] of recipes) {
      const result = await cache.find(program, arch, recipe);
      if ("artifact" in result) found.set(program, result.artifact);
      else missing.set(program, { provider: "cache", because: result.missing });
    }
    return { found, missing };
  };
  const before = await lookUp();
  if (before.missing.size === 0) return before.found;

  const line = progress.begin(`obtaining ${titles([...before.missing.keys()])}`);
  try {
    const onWait = () => line.note("waiting for another run that obtains it");
    await using _lock = await cache.lock(`${name} ${arch}`, { signal, onWait });
    const { found, missing } = await lookUp();
    if (missing.size === 0) {
      line.done("another run did");
      return found;
    }
    const made = await make(missing, recipes, line, context);
    const refused = [...made].filter(([, r]) => !("path" in r)).map(([p]) => p);
    if (refused.length > 0) line.failed(`nobody provides ${titles(refused)}`);
    else line.done(sources([...made.values()] as Artifact[]));
    return new Map<Program, Result>([...found, ...made]);
  } catch (e) {
    const error = isDiskFull(e) ? await diskFull(titles(programs), cache.folder, e) : e;
    line.failed(signal.aborted ? "interrupted" : (String((error as Error).message).split("\n")[0] as string));
    throw error;
  }
}

/** Asks the providers in order until every program is made or refused by all. */
async function make(
  missing: ReadonlyMap<Program, Refusal>,
  recipes: ReadonlyMap<Program, string>,
  line: ProgressLine,
  { cache, providers, arch, signal }: Context,
): Promise<ReadonlyMap<Program, Result>> {
  await using workspace = await cache.workspace();
  const made = new Map<Program, Result>();
  const refusals = new Map<Program, Refusal[]>([...missing].map(([program, refusal]) => [program, [refusal]]));
  const refuse = (program: Program, provider: ArtifactProvider, because: string) =>
    refusals.get(program)?.push({ provider: provider.name, because });

  try {
    for (const provider of providers) {
      const wanted = new Map<Program, string>();
      for (const program of missing.keys()) {
        if (made.has(program)) continue;
        const { can, because } = await provider.offers(program, arch);
        if (can) wanted.set(program, join(workspace.path, program.name));
        else refuse(program, provider, because);
      }
      if (wanted.size === 0) continue;
      const note = (text: string) => line.note(`${provider.name}: ${text}`);
      const fetched = await provider.fetch(wanted, arch, { workspace: workspace.path, note, signal });
      // Whoever was interrupted has refused nothing.
      signal.throwIfAborted();
      for (const [program, path] of wanted) {
        const result = fetched.get(program) ?? { refused: "it said nothing about it" };
        if ("refused" in result) {
          refuse(program, provider, result.refused);
          continue;
        }
        const story = { ...result, provider: provider.name, refusals: refusals.get(program) ?? [] };
        made.set(program, await cache.add(path, program, arch, recipes.get(program) as string, story));
      }
    }
  } catch (e) {
    // While the unfinished files still take their room: what is free afterwards would say nothing.
    throw isDiskFull(e) ? await diskFull(titles([...missing.keys()]), cache.folder, e) : e;
  }
  for (const program of missing.keys()) {
    if (!made.has(program)) made.set(program, { refusals: refusals.get(program) ?? [] });
  }
  return made;
}

/** What an artifact is made by, so that another pin, flag or release makes another artifact. */
async function recipeOf(program: Program, wrappers: string): Promise<string> {
  const hash = createHash("sha256").update(JSON.stringify(program));
  if (program.goModule) {
    const wrapper = join(wrappers, program.goModule.wrapper);
    for (const file of (await readdir(wrapper)).sort()) hash.update(file).update(await readFile(join(wrapper, file)));
  }
  return hash.digest("hex").slice(0, 16);
}

function nobodyProvides(unobtainable: ReadonlyMap<Program, readonly Refusal[]>, arch: Arch): LabBroken {
  const reasons = [...unobtainable].map(([program, refusals]) =>
    [
      `${program.name} ${program.version} (${arch})`,
      ...refusals.map(({ provider, because }) => `  ${provider}: ${because.replaceAll("\n", "\n    ")}`),
    ].join("\n"),
  );
  const what = unobtainable.size === 1 ? "a program" : `${unobtainable.size} programs`;
  return new LabBroken(`no provider has ${what} that the lab needs`, {
    who: "artifacts",
    seen: reasons.join("\n"),
    look: "HARDWAY_MIRROR, a folder or URL with upstream's layout",
  });
}

function isOfFileSystem(e: unknown): e is NodeJS.ErrnoException {
  return e instanceof Error && "syscall" in e && "path" in e;
}

function unusable(cache: Cache, cause: NodeJS.ErrnoException): LabBroken {
  return new LabBroken("the cache of artifacts cannot be used", {
    who: cache.folder,
    seen: cause.message,
    look: "XDG_CACHE_HOME, which names another place for it",
    cause,
  });
}

function titles(programs: readonly Program[]): string {
  const byVersion = Map.groupBy(programs, (p) => p.version);
  return [...byVersion].map(([version, of]) => `${of.map((p) => p.name).join(", ")} ${version}`).join(", ");
}

function sources(artifacts: readonly Artifact[]): string {
  const bytes = artifacts.reduce((sum, a) => sum + a.bytes, 0);
  return `${size(bytes)} from ${[...new Set(artifacts.map((a) => a.provider))].join(", ")}`;
}

function thisArch(): Arch {
  if (hostArch() === "x64") return "amd64";
  if (hostArch() === "arm64") return "arm64";
  throw new LabBroken(`there are no programs for this computer's architecture, ${hostArch()}`, {
    look: "amd64 and arm64 are known",
  });
}
