import { writeFile } from "node:fs/promises";
import { arch as hostArch } from "node:os";
import { join } from "node:path";
import { host, whereIs } from "../host/command.ts";
import type { ArtifactProvider, Fetched, Program } from "../model/artifacts.ts";
import { sha256Of } from "./files.ts";
import { patience } from "./patience.ts";

/** Makes shared libraries of this project's own C files with the compiler of this computer, for computers of its kind. */
export function cCompiler(env: NodeJS.ProcessEnv = process.env): ArtifactProvider {
  return {
    name: "C compiler",

    async offers({ cLibrary }, arch) {
      const no = (because: string) => ({ can: false, because });
      if (cLibrary === undefined) return no("it is no C file of this project");
      if (!(await whereIs("cc", env))) return no("there is no `cc` on the PATH");
      if (arch !== hostKind()) return no(`a C compiler for ${arch} is not looked for`);
      return { can: true, because: "" };
    },

    async fetch(wanted, _arch, { workspace, note, signal }) {
      const fetched = new Map<Program, Fetched>();
      const options = { cwd: workspace, env, within: patience.cCompiler.within, ...(signal && { signal }) };
      for (const [program, to] of wanted) {
        const source = join(workspace, `${program.name}.c`);
        await writeFile(source, program.cLibrary ?? "");
        note(`compiling ${program.name}`);
        const flags = ["-O2", "-Wall", "-Werror", "-fPIC", "-shared", "-Wl,--build-id=none"];
        const { exitCode, stderr } = await host(["cc", ...flags, "-o", to, source, "-ldl"], { ...options, ok: "any" });
        const { stdout: compiler } = await host(["cc", "--version"], options);
        const from = `this project's own source, ${compiler.split("\n")[0]}`;
        fetched.set(
          program,
          exitCode === 0
            ? { sha256: await sha256Of(to, signal), from }
            : { refused: `\`cc\` failed: ${stderr.trim().split("\n").slice(-6).join("\n")}` },
        );
      }
      return fetched;
    },
  };
}

const hostKind = (): string => (hostArch() === "x64" ? "amd64" : hostArch());
