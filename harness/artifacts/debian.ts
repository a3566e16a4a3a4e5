import { copyFile, mkdir, mkdtemp, readdir, rm } from "node:fs/promises";
import { join } from "node:path";
import { host, whereIs } from "../host/command.ts";
import type { Arch, ArtifactProvider, Fetched, FetchOptions, Program } from "../model/artifacts.ts";
import { LabBroken } from "../model/errors.ts";
import { Refused } from "./download.ts";
import { isDiskFull, sha256Of } from "./files.ts";
import { patience } from "./patience.ts";

/**
 * Takes programs out of Debian packages, which apt downloads from this computer's own sources and verifies by their
 * signed lists. Nothing is installed. The package must have the program's version, whatever Debian adds to it.
 */
export function debianPackages(env: NodeJS.ProcessEnv = process.env): ArtifactProvider {
  return {
    name: "Debian package",

    async offers(program) {
      if (!program.debian) return { can: false, because: "it is not taken from Debian" };
      for (const tool of ["apt-get", "dpkg-deb"]) {
        if (!(await whereIs(tool, env))) return { can: false, because: `there is no \`${tool}\` on the PATH` };
      }
      return { can: true, because: "" };
    },

    async fetch(wanted, arch, options) {
      const fetched = new Map<Program, Fetched>();
      for (const [program, to] of wanted) {
        fetched.set(
          program,
          await extract(program, arch, to, options, env).catch((e) => {
            if (!(e instanceof Refused || e instanceof LabBroken)) throw e;
            return { refused: e.message };
          }),
        );
      }
      return fetched;
    },
  };
}

async function extract(
  program: Program,
  arch: Arch,
  to: string,
  { workspace, note, signal }: FetchOptions,
  env: NodeJS.ProcessEnv,
): Promise<Fetched> {
  const debian = program.debian as NonNullable<Program["debian"]>;
  const folder = await mkdtemp(join(workspace, "deb-"));
  try {
    const inFolder = { cwd: folder, env, within: patience.debian.within, ...(signal && { signal }) };
    const name = `${debian.package}:${arch}`;
    const download = (settings: readonly string[] = []) =>
      host(["apt-get", "download", "-o", "APT::Sandbox::User=", ...settings, name], { ...inFolder, ok: "any" });

    note(`downloading the Debian package ${name}`);
    let downloaded = await download();
    if (downloaded.exitCode !== 0) {
      note("fetching Debian's package lists");
      const own = await ownLists(folder);
      await host(["apt-get", "update", "-q", "-o", "APT::Sandbox::User=", ...own], inFolder);
      downloaded = await download(own);
    }
    const file = (await readdir(folder)).find((f) => f.endsWith(".deb"));
    if (!file) throw new Refused(`apt has no package ${name}: ${downloaded.stderr.trim().split("\n").at(-1)}`);

    const version = (await host(["dpkg-deb", "-f", file, "Version"], inFolder)).stdout.trim();
    if (!isRelease(version, program.version)) {
      throw new Refused(`Debian's ${debian.package} is ${version} and not ${program.version}`);
    }
    await host(["dpkg-deb", "-x", file, "root"], inFolder);
    await copyFile(join(folder, "root", debian.path), to).catch((e) => {
      if (isDiskFull(e)) throw e;
      throw new Refused(`${debian.package} ${version} holds no ${debian.path}`);
    });
    return { sha256: await sha256Of(to, signal), from: `${debian.package} ${version}, ${debian.path} in it` };
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** Settings by which apt keeps its lists in a folder of ours, where the computer's own are missing or old. */
async function ownLists(folder: string): Promise<readonly string[]> {
  const state = join(folder, "state");
  const cache = join(folder, "cache");
  await mkdir(join(state, "lists", "partial"), { recursive: true });
  await mkdir(join(cache, "archives", "partial"), { recursive: true });
  return ["-o", `Dir::State=${state}`, "-o", "Dir::State::status=/var/lib/dpkg/status", "-o", `Dir::Cache=${cache}`];
}

/** Whether a Debian version is of this upstream release: `1.1.5+ds1-1+deb12u1` is 1.1.5. */
function isRelease(debianVersion: string, release: string): boolean {
  const upstream = debianVersion.replace(/^\d+:/, "").replace(/-[^-]*$/, "");
  return upstream === release || new RegExp(`^${release.replaceAll(".", "\\.")}[+~]`).test(upstream);
}
