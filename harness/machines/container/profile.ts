import { createHash } from "node:crypto";
import { mkdir, readFile, rename, rm, writeFile } from "node:fs/promises";
import { homedir } from "node:os";
import { join } from "node:path";
import type { HostConfig } from "dockerode";
import { LabBroken } from "#harness/model/errors";
import { answered, type Engine, engine } from "./engine.ts";
import { removeContainer } from "./lab-container.ts";
import { runLabels } from "./labels.ts";

/** What an engine allows, at most: full privilege, or the capabilities that a container gets when it asks for them. */
export interface Profile {
  readonly privileged: boolean;
  /** Without privilege: every capability that both the engine's bounding set and its vocabulary hold. */
  readonly capabilities: readonly string[];
  /** Why not privileged, in the engine's words. */
  readonly refused?: string;
}

/** Linux capabilities by number: include/uapi/linux/capability.h. */
export const capabilityNames = [
  ..."CHOWN DAC_OVERRIDE DAC_READ_SEARCH FOWNER FSETID KILL SETGID SETUID SETPCAP LINUX_IMMUTABLE".split(" "),
  ..."NET_BIND_SERVICE NET_BROADCAST NET_ADMIN NET_RAW IPC_LOCK IPC_OWNER SYS_MODULE SYS_RAWIO SYS_CHROOT".split(" "),
  ..."SYS_PTRACE SYS_PACCT SYS_ADMIN SYS_BOOT SYS_NICE SYS_RESOURCE SYS_TIME SYS_TTY_CONFIG MKNOD LEASE".split(" "),
  ..."AUDIT_WRITE AUDIT_CONTROL SETFCAP MAC_OVERRIDE MAC_ADMIN SYSLOG WAKE_ALARM BLOCK_SUSPEND AUDIT_READ".split(" "),
  ..."PERFMON BPF CHECKPOINT_RESTORE".split(" "),
] as const;

/** Names of the bits in a set as /proc/<pid>/status writes it: 16 hexadecimal digits. Bits without a name are left out. */
export function capabilitiesIn(set: string): string[] {
  const bits = BigInt(`0x${set}`);
  return capabilityNames.filter((_, number) => (bits >> BigInt(number)) & 1n);
}

let known: Promise<Profile> | undefined;

/** The engine's profile: tried once, kept on this computer per engine, its version and its kernel. */
export function nodeProfile(image: string): Promise<Profile> {
  known ??= load(image).catch((error) => {
    known = undefined;
    throw error;
  });
  return known;
}

/** Called when a container with this profile did not start: the next run tries anew. */
export async function forgetProfile(): Promise<void> {
  known = undefined;
  await rm(fileOf(await engine()), { force: true });
}

function fileOf({ id, version, kernel }: Engine): string {
  const cache = process.env.XDG_CACHE_HOME || join(homedir(), ".cache");
  const key = createHash("sha256").update(`${id}\n${version}\n${kernel}`).digest("hex").slice(0, 16);
  return join(cache, "hardway", "engines", `${key}.json`);
}

async function load(image: string): Promise<Profile> {
  const file = fileOf(await engine());
  const kept = await readFile(file, "utf8").catch(() => undefined);
  if (kept) return JSON.parse(kept);
  const profile = await tryOut(image);
  await mkdir(join(file, ".."), { recursive: true });
  await writeFile(`${file}.${process.pid}`, JSON.stringify(profile));
  await rename(`${file}.${process.pid}`, file);
  return profile;
}

async function tryOut(image: string): Promise<Profile> {
  const privileged = await probe(image, { Privileged: true });
  if (privileged.ok) return { privileged: true, capabilities: [] };
  const candidates = capabilitiesIn(await boundingSet(image));
  const capabilities = await vocabulary(image, candidates);
  const all = await probe(image, { CapAdd: capabilities });
  if (!all.ok)
    throw new LabBroken("the container engine refuses the capabilities that it has", {
      seen: all.seen,
      look: `CapAdd ${capabilities.join(" ")}`,
    });
  return { privileged: false, capabilities, refused: privileged.seen };
}

type Tried = { readonly ok: true; readonly stdout: string } | { readonly ok: false; readonly seen: string };

/** Runs a command in a throwaway container. */
async function probe(image: string, host: HostConfig, command: readonly string[] = ["true"]): Promise<Tried> {
  const { docker } = await engine();
  const container = await docker.createContainer({
    Image: image,
    Entrypoint: [command[0] ?? "true"],
    Cmd: command.slice(1),
    Labels: runLabels("probe", `probe-${process.pid}`),
    HostConfig: { NetworkMode: "none", LogConfig: { Type: "json-file", Config: {} }, ...host },
  });
  try {
    await container.start();
    const { StatusCode } = await container.wait();
    const output = (await container.logs({ stdout: true, stderr: true })).subarray(8).toString();
    return StatusCode === 0 ? { ok: true, stdout: output } : { ok: false, seen: output };
  } catch (error) {
    if (answered(error, 400, 403, 500)) return { ok: false, seen: (error as Error).message.trim() };
    throw error;
  } finally {
    await removeContainer(container);
  }
}

/** The bounding set of the process that starts containers: in the host's PID namespace, that is a container's parent. */
async function boundingSet(image: string): Promise<string> {
  const seen = await probe(image, { PidMode: "host" }, [
    "sh",
    "-c",
    "sed -n 's/^CapBnd:[[:space:]]*//p' /proc/$PPID/status",
  ]);
  if (seen.ok && /^[0-9a-f]{16}$/.test(seen.stdout.trim())) return seen.stdout.trim();
  throw new LabBroken("the container engine's capabilities could not be read", {
    seen: seen.ok ? seen.stdout : seen.seen,
    look: "labs need an engine that allows containers in the host's PID namespace",
  });
}

/** The capabilities whose names the engine knows; an older one refuses those of a newer kernel, one at a time. */
async function vocabulary(image: string, candidates: readonly string[]): Promise<string[]> {
  const { docker } = await engine();
  let left = [...candidates];
  for (;;) {
    try {
      const container = await docker.createContainer({
        Image: image,
        Entrypoint: ["true"],
        Labels: runLabels("probe", `probe-${process.pid}`),
        HostConfig: { NetworkMode: "none", CapAdd: left },
      });
      await removeContainer(container);
      return left;
    } catch (error) {
      const unknown = /unknown capability: "?(?:CAP_)?([A-Z_]+)/i.exec(
        answered(error, 400) ? (error as Error).message : "",
      );
      const rest = left.filter((name) => name !== unknown?.[1]);
      if (rest.length === left.length) throw error;
      left = rest;
    }
  }
}

/** What a machine's container needs so that systemd, containerd and kubelet run in it as on a computer of their own. */
export function machineHostConfig(profile: Profile): HostConfig & { CgroupnsMode: "private" } {
  return {
    ...(profile.privileged ? { Privileged: true } : { CapAdd: [...profile.capabilities] }),
    SecurityOpt: ["seccomp=unconfined", "apparmor=unconfined"],
    MaskedPaths: [],
    ReadonlyPaths: [],
    DeviceCgroupRules: ["a *:* rwm"],
    CgroupnsMode: "private",
    Tmpfs: { "/run": "exec,mode=755", "/run/lock": "mode=1777", "/tmp": "exec,mode=1777" },
    LogConfig: { Type: "json-file", Config: { "max-size": "1m" } },
  };
}

/** What the fabric's container needs to wire machines. */
export function fabricHostConfig(): HostConfig {
  return {
    PidMode: "host",
    CapAdd: ["NET_ADMIN", "NET_RAW", "SYS_ADMIN", "SYS_PTRACE", "KILL"],
    SecurityOpt: ["seccomp=unconfined", "apparmor=unconfined"],
    MaskedPaths: [],
    ReadonlyPaths: [],
    LogConfig: { Type: "json-file", Config: { "max-size": "1m" } },
  };
}

/**
 * A name server that nobody is (TEST-NET-1, RFC 5737): the lab's names are in /etc/hosts, and the engine's own
 * resolver would be this computer's.
 */
export const noResolver = "192.0.2.53";

/** Where a machine waits, before its init starts, until the fabric has plugged in its wires. */
export const wiredGate = "/run/hardway.wired";

/**
 * Runs before systemd, as a computer's firmware would. `/sys` and the cgroups are made writable (the engine mounts them
 * read-only without privilege), `/dev/kmsg` is there for the kubelet to open, and mounts propagate as they do on a host.
 * Then it waits for its network cards: writing to a pipe waits for its reader and the other way round, whoever is first.
 */
export const bootScript = `
mount -o remount,rw /sys 2>/dev/null
mount -o remount,rw /proc/sys 2>/dev/null
if [ -f /sys/fs/cgroup/cgroup.controllers ]; then
  mount -o remount,rw /sys/fs/cgroup 2>/dev/null
else
  for controller in /sys/fs/cgroup/*; do
    [ -L "$controller" ] || mount -o remount,bind,rw "$controller" 2>/dev/null
  done
fi
[ -e /dev/kmsg ] || ln -s /dev/null /dev/kmsg
mount --make-rshared /
mkfifo ${wiredGate} 2>/dev/null
read -r _ < ${wiredGate}
rm -f ${wiredGate}
exec /sbin/init
`;
