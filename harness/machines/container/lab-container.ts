import type { Container, ContainerCreateOptions, HostConfig } from "dockerode";
import { GenericContainer, PullPolicy, Wait } from "testcontainers";
import { engine } from "./engine.ts";

export type CreateOptions = Omit<ContainerCreateOptions, "Image" | "HostConfig"> & { readonly HostConfig: HostConfig };

/**
 * A container of the lab: no image is pulled, no network of the engine's, no reaper (`sweep` does that work), and
 * every option of the engine's API at hand.
 */
class LabContainer extends GenericContainer {
  constructor(image: string, { HostConfig, ...create }: CreateOptions) {
    super(image);
    Object.assign(this.createOpts, create);
    Object.assign(this.hostConfig, HostConfig);
    this.withPullPolicy(PullPolicy.neverPull())
      .withAutoCleanup(false)
      .withNetworkMode("none")
      .withWaitStrategy(Wait.forListeningPorts());
  }
}

/** Creates and starts a container. When the start fails, what was created stays, labelled, for its raiser to remove. */
export async function startContainer(image: string, options: CreateOptions): Promise<Container> {
  const { docker } = await engine();
  const started = await new LabContainer(image, options).start();
  return docker.getContainer(started.getId());
}

/** Kills and removes a container with its own volumes. One that is gone, or going, is fine. */
export async function removeContainer(container: Container): Promise<void> {
  try {
    await container.remove({ force: true, v: true });
  } catch (error) {
    const { statusCode } = error as { statusCode?: number };
    if (statusCode === 404) return;
    if (statusCode !== 409) throw error;
    // Somebody else is at it; the engine answers 404 to the wait once it is gone.
    await container.wait({ condition: "removed" }).catch(() => undefined);
  }
}
