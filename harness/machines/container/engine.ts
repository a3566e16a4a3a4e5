import type Dockerode from "dockerode";
import { LabBroken, reasonOf, Unsupported } from "#harness/model/errors";

/** The container engine that labs are raised on. */
export interface Engine {
  /** Docker's API, as dockerode speaks it; Podman serves the same. */
  readonly docker: Dockerode;
  /** The engine's own identity, stable over restarts. */
  readonly id: string;
  readonly version: string;
  readonly kernel: string;
  readonly cgroup: 1 | 2;
  readonly arch: "amd64" | "arm64";
}

let found: Promise<Engine> | undefined;

/**
 * Finds the engine by testcontainers' own strategy (its properties file, DOCKER_HOST, the usual sockets), once per process.
 * Throws `LabBroken` when there is none, with what to do: that can be mended, and nothing was found out about this host.
 */
export function engine(): Promise<Engine> {
  found ??= find().catch((error) => {
    found = undefined;
    throw error;
  });
  return found;
}

async function find(): Promise<Engine> {
  process.env.TESTCONTAINERS_RYUK_DISABLED = "true";
  const { getContainerRuntimeClient } = await import("testcontainers");
  const client = await getContainerRuntimeClient().catch((cause) => {
    throw new LabBroken("no container engine answers", {
      seen: reasonOf(cause),
      look: "run ./bootstrap, which finds or installs one; or set DOCKER_HOST to the socket of a running Docker or Podman",
      cause,
    });
  });
  const docker = (client.container as unknown as { readonly dockerode: Dockerode }).dockerode;
  refuseAnother(process.env.DOCKER_HOST, docker.modem as Address);
  const info: { [key: string]: unknown } = await docker.info();
  if (info.OSType !== "linux")
    throw new Unsupported(`the container engine runs ${info.OSType} containers`, ["container engine"], {
      look: "labs need an engine that runs Linux containers",
    });
  return {
    docker,
    id: String(info.ID || info.Name),
    version: String(info.ServerVersion),
    kernel: String(info.KernelVersion),
    cgroup: info.CgroupVersion === "2" ? 2 : 1,
    arch: info.Architecture === "aarch64" || info.Architecture === "arm64" ? "arm64" : "amd64",
  };
}

interface Address {
  readonly socketPath?: string;
  readonly host?: string;
}

/** testcontainers goes on to other sockets when nobody answers at DOCKER_HOST. Whoever sets it means that engine and no other. */
export function refuseAnother(wanted: string | undefined, { socketPath, host }: Address): void {
  if (!wanted) return;
  const { hostname, pathname } = new URL(wanted);
  if (hostname === "" ? socketPath === pathname : host === hostname) return;
  throw new LabBroken(`no container engine answers at ${wanted}`, {
    seen: `DOCKER_HOST says so; one answers at ${socketPath ?? host}`,
    look: "start that engine, or unset DOCKER_HOST",
  });
}

/** True when the engine answered with this HTTP status. */
export function answered(error: unknown, ...statuses: number[]): boolean {
  return (
    typeof error === "object" &&
    error !== null &&
    "statusCode" in error &&
    statuses.includes(error.statusCode as number)
  );
}
