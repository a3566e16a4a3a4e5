import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { mkdir, readFile, rm, writeFile } from "node:fs/promises";
import { delimiter, join } from "node:path";
import { Cache, cacheFolder } from "#harness/artifacts/cache";
import { host } from "#harness/host/command";
import { LabBroken, reasonOf, Unsupported } from "#harness/model/errors";
import type { Progress } from "#harness/model/progress";
import type { Version } from "#harness/model/units";

/** A Python virtual environment with one release of Ansible. */
export interface AnsibleEnvironment {
  readonly folder: string;
  /** Of ansible-core. */
  readonly core: Version;
  /** What `pip freeze` tells: every package with its version. */
  readonly packages: readonly string[];
  /** Where the strategies of Mitogen are, if it is among the requirements. */
  readonly mitogen?: string;
}

export interface EnvironmentOptions {
  readonly progress: Progress;
  readonly signal?: AbortSignal;
  /** XDG_CACHE_HOME, PATH, and what pip reads. Default that of this process. */
  readonly env?: NodeJS.ProcessEnv;
}

/**
 * On which Python an ansible-core may control: https://docs.ansible.com/ansible/latest/reference_appendices/release_and_maintenance.html
 * Community releases of Ansible (`ansible==10.7.0`) bring the core whose minor version is theirs and seven.
 */
const controllers: Readonly<Record<number, readonly string[]>> = {
  16: ["3.12", "3.11", "3.10"],
  17: ["3.12", "3.11", "3.10"],
  18: ["3.13", "3.12", "3.11"],
  19: ["3.13", "3.12", "3.11"],
  20: ["3.14", "3.13", "3.12"],
};
const coreOfCommunity = 7;

/** A requirement that pins a release of Ansible: its minor version of ansible-core. */
export function coreMinorOf(requirements: readonly string[]): number | undefined {
  for (const requirement of requirements) {
    const [, community] = /^ansible\s*==\s*(\d+)\./.exec(requirement) ?? [];
    if (community !== undefined) return Number(community) + coreOfCommunity;
    const [, core] = /^ansible-core\s*==\s*2\.(\d+)\b/.exec(requirement) ?? [];
    if (core !== undefined) return Number(core);
  }
  return undefined;
}

/**
 * The environment with these requirements, lines as pip takes them: made once, from where pip is configured to look, and
 * kept in the cache. Two that want the same share the work. Throws `Unsupported` when no Python here can run that Ansible, or none can
 * make environments, and `LabBroken` with what pip said.
 */
export async function ansibleEnvironment(
  requirements: readonly string[],
  { progress, signal, env = process.env }: EnvironmentOptions,
): Promise<AnsibleEnvironment> {
  const python = pythonFor(requirements, env);
  const sorted = [...requirements].sort();
  const recipe = createHash("sha256")
    .update(JSON.stringify([python.version, sorted]))
    .digest("hex")
    .slice(0, 16);
  const folder = join(cacheFolder(env), "ansible", recipe);
  const made = await readEnvironment(folder);
  if (made) return made;

  const line = progress.begin("make a Python environment", ansibleOf(requirements));
  try {
    const waiting = { onWait: () => line.note("another run makes it"), ...(signal && { signal }) };
    await using _lock = await new Cache(cacheFolder(env)).lock(`ansible/${recipe}`, waiting);
    const meanwhile = await readEnvironment(folder);
    const environment = meanwhile ?? (await make(folder, python.path, sorted, { env, ...(signal && { signal }) }));
    line.done(`ansible-core ${environment.core}`);
    return environment;
  } catch (cause) {
    line.failed(reasonOf(cause).split("\n")[0] ?? "");
    throw cause;
  }
}

const ansibleOf = (requirements: readonly string[]): string =>
  requirements.find((requirement) => /^ansible(-core)?\b/.test(requirement)) ?? "ansible";

export interface Python {
  readonly path: string;
  /** "3.11" */
  readonly version: string;
}

/**
 * The first Python of this computer on which that Ansible runs and that can make environments. Throws `Unsupported` when
 * there is none.
 */
export function pythonFor(requirements: readonly string[], env: NodeJS.ProcessEnv = process.env): Python {
  const key = `${coreMinorOf(requirements)} ${env.PATH}`;
  const python = pythons.get(key) ?? findPython(requirements, env);
  pythons.set(key, python);
  return python;
}

const pythons = new Map<string, Python>();

function findPython(requirements: readonly string[], env: NodeJS.ProcessEnv): Python {
  const minor = coreMinorOf(requirements);
  const fit = minor === undefined ? undefined : controllers[minor];
  const seen: string[] = [];
  for (const name of ["python3", ...(fit ?? []).map((version) => `python${version}`)]) {
    const asked = "import sys; print(sys.executable, '%d.%d' % sys.version_info[:2]); import venv, ensurepip";
    const { error, status, stdout } = spawnSync(name, ["-c", asked], { env, encoding: "utf8" });
    const [path = "", version = ""] = (stdout ?? "").trim().split(" ");
    if (error || path === "") continue;
    if (fit && !fit.includes(version)) seen.push(`${path} is Python ${version}`);
    else if (status !== 0) seen.push(`${path} is Python ${version} and cannot make environments: it lacks venv`);
    else return { path, version };
  }
  const wanted = fit ? `Python ${fit.join(" or ")} with venv` : "Python with venv";
  throw new Unsupported(`${ansibleOf(requirements)} needs ${wanted} on this computer`, ["python3-venv"], {
    seen: seen.join("\n") || "no python3 in the PATH",
    look: "Debian, Ubuntu: sudo apt-get install python3-venv",
  });
}

/** Said once all of it is there: an environment without it is one whose making was interrupted. */
const doneFile = "hardway.json";

async function readEnvironment(folder: string): Promise<AnsibleEnvironment | undefined> {
  const text = await readFile(join(folder, doneFile), "utf8").catch(() => undefined);
  return text === undefined ? undefined : JSON.parse(text);
}

/** Environments hold their own path, so it is made where it stays. */
async function make(
  folder: string,
  python: string,
  requirements: readonly string[],
  { env, signal }: { readonly env: NodeJS.ProcessEnv; readonly signal?: AbortSignal },
): Promise<AnsibleEnvironment> {
  await rm(folder, { recursive: true, force: true });
  await mkdir(folder, { recursive: true });
  const options = { env, within: "600s", ...(signal && { signal }) } as const;
  const pip = [join(folder, "bin/python"), "-m", "pip", "--disable-pip-version-check"];
  await host([python, "-m", "venv", folder], options);
  try {
    await host([...pip, "install", "--quiet", "--no-input", ...requirements], options);
  } catch (cause) {
    if (signal?.aborted) throw cause;
    throw new LabBroken(`pip could not install ${requirements.join(" ")}`, {
      who: "this computer",
      seen: cause instanceof LabBroken ? (cause.particulars.seen ?? cause.message) : reasonOf(cause),
      look: "pip config list; pip index versions ansible",
      cause,
    });
  }
  const { stdout: frozen } = await host([...pip, "freeze"], options);
  const packages = frozen.trim().split("\n");
  const { stdout: strategies } = await host([join(folder, "bin/python"), "-c", findMitogen], options);
  const environment: AnsibleEnvironment = {
    folder,
    core: packages.find((line) => line.startsWith("ansible-core=="))?.split("==")[1] ?? "unknown",
    packages,
    ...(strategies.trim() !== "" && { mitogen: strategies.trim() }),
  };
  await writeFile(join(folder, doneFile), JSON.stringify(environment, null, 2));
  return environment;
}

const findMitogen = `
import importlib.util, os
found = importlib.util.find_spec("ansible_mitogen")
print(os.path.join(os.path.dirname(found.origin), "plugins", "strategy") if found else "")`;

/** What a program of the environment runs with: nothing of what the user has set for other Ansibles and Pythons. */
export function environmentOf({ folder }: AnsibleEnvironment, env: NodeJS.ProcessEnv = process.env): NodeJS.ProcessEnv {
  const foreign = /^(ANSIBLE_|PYTHON|VIRTUAL_ENV)/;
  return {
    ...Object.fromEntries(Object.entries(env).filter(([name]) => !foreign.test(name))),
    VIRTUAL_ENV: folder,
    PATH: [join(folder, "bin"), env.PATH].join(delimiter),
    PYTHONDONTWRITEBYTECODE: "1",
    // Ansible refuses others: https://docs.ansible.com/ansible/latest/installation_guide/intro_installation.html
    LC_ALL: "C.UTF-8",
  };
}
