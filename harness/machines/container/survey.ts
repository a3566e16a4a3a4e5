import { LabBroken, reasonOf } from "#harness/model/errors";
import type { FeatureReport, Features } from "#harness/model/features";
import type { RootFs } from "#harness/model/images";
import type { Progress } from "#harness/model/progress";
import { lacksProgram, tryFeatures } from "../trials.ts";
import { engine } from "./engine.ts";
import { removeContainer, startContainer } from "./lab-container.ts";
import { label, runLabels } from "./labels.ts";
import { machineHostConfig, nodeProfile } from "./profile.ts";
import { shellIn } from "./shell.ts";
import { toolsImage } from "./tools-image.ts";

const disk = "/var/lib/hardway";

let seen: Promise<Features> | undefined;

/**
 * Tries each feature for real, in a throwaway container with a machine's privileges; about a second, kept for the
 * process. Where the engine has no image of the lab's yet, a small one with the tools is made first: half a minute, once.
 * Throws `LabBroken` when that container itself does not run.
 */
export function survey(progress?: Progress): Promise<Features> {
  seen ??= surveyWith(progress).catch((error) => {
    seen = undefined;
    throw error;
  });
  return seen;
}

async function surveyWith(progress: Progress | undefined): Promise<Features> {
  const image = (await anyImage()) ?? (await toolsImage(tools, progress));
  const run = `survey-${process.pid}`;
  const container = await startContainer(image, {
    Entrypoint: ["/bin/sleep", "infinity"],
    Labels: runLabels("survey", run),
    HostConfig: {
      ...machineHostConfig(await nodeProfile(image)),
      Mounts: [
        {
          Type: "volume",
          Source: "",
          Target: disk,
          VolumeOptions: {
            NoCopy: true,
            Labels: runLabels("volume", run),
            DriverConfig: { Name: "local", Options: {} },
          },
        },
      ],
    },
  });
  try {
    const sh = shellIn(container, "survey", { write: () => undefined });
    const tried = await tryFeatures(sh, disk);
    const blind = tried.find(lacksProgram);
    if (blind)
      throw new LabBroken("the survey lacks a program, so it cannot tell", {
        who: image,
        ...(blind.seen !== undefined && { seen: blind.seen }),
        look: blind.how,
      });
    const reports: readonly FeatureReport[] = [...tried, await powerCut(container)];
    return new Map(reports.map((report) => [report.feature, report]));
  } finally {
    await removeContainer(container);
  }
}

/** Last of all: the container is killed as a power cut kills a machine, and started again. */
export async function powerCut(container: Awaited<ReturnType<typeof startContainer>>): Promise<FeatureReport> {
  const report = { feature: "power-cut", how: "kill a container with SIGKILL and start it again" } as const;
  try {
    const gone = container.wait({ condition: "not-running" });
    await container.kill({ signal: "SIGKILL" });
    await gone;
    await container.start();
    return { ...report, present: true };
  } catch (error) {
    return { ...report, present: false, seen: reasonOf(error).trim() };
  }
}

/** An image of the lab's that the engine has; machine images hold the tools too. */
async function anyImage(): Promise<string | undefined> {
  const { docker } = await engine();
  const images = await docker.listImages({ filters: { label: [`${label.is}=image`] } });
  const tags = images.flatMap(({ RepoTags }) => RepoTags ?? []);
  return tags.find((tag) => tag.startsWith(`hardway-${tools.name}:`)) ?? tags[0];
}

/** What the trials call, for an engine that has no image of the lab's yet. */
const tools: RootFs = {
  name: "survey",
  suite: "bookworm",
  packages: ["iproute2", "ipset", "iptables", "nftables", "perl-base"],
  programs: {},
  files: {},
  disable: [],
  enable: [],
};
