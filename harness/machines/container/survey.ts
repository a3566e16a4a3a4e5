import { within } from "#harness/judging/within";
import { LabBroken, reasonOf } from "#harness/model/errors";
import type { Feature, FeatureReport, Features } from "#harness/model/features";
import type { RootFs } from "#harness/model/images";
import type { Progress } from "#harness/model/progress";
import { engine } from "./engine.ts";
import { removeContainer, startContainer } from "./lab-container.ts";
import { label, runLabels } from "./labels.ts";
import { machineHostConfig, nodeProfile } from "./profile.ts";
import { shellIn } from "./shell.ts";
import { toolsImage } from "./tools-image.ts";

/** What a shell exits with when there is no such program. */
const notFound = 127;

const disk = "/var/lib/hardway";

/** What is done to see whether a feature is there: a line of shell in a network namespace of its own. */
const trials: Readonly<Record<Exclude<Feature, "power-cut">, string>> = {
  vxlan: "ip link add v0 type vxlan id 4096 dstport 4789 local 127.0.0.1 && ip link set v0 up",
  ipip: "ip link add t0 type ipip local 127.0.0.1 remote 127.0.0.2 && ip link set t0 up",
  ipset: "ipset create hardway hash:ip,port && ipset add hardway 192.0.2.1,tcp:80",
  ipvs: "genl ctrl get name IPVS",
  nf_tables: "nft 'add table inet hardway; add chain inet hardway c { type filter hook input priority 0; }'",
  iptables: "iptables -t nat -A POSTROUTING -m comment --comment hardway -j MASQUERADE",
  overlay: `cd ${disk} && mkdir -p l u w m && mount -t overlay -o lowerdir=l,upperdir=u,workdir=w overlay m && umount m`,
  netem: "tc qdisc add dev lo root netem delay 1ms",
  wireguard: "ip link add w0 type wireguard",
  "ecmp-l4-hash":
    "echo 3 > /proc/sys/net/ipv4/fib_multipath_hash_policy && echo 55 > /proc/sys/net/ipv4/fib_multipath_hash_fields && ip link add e0 type veth peer name e1 && ip link set e1 up && ip link set e0 up && ip addr add 192.0.2.1/24 dev e0 && ip route add 198.51.100.0/24 nexthop via 192.0.2.2 nexthop via 192.0.2.3",
  // struct tcp_md5sig of include/uapi/linux/tcp.h; option 14 of level 6.
  "tcp-md5": `perl -MSocket -e 'socket(S, PF_INET, SOCK_STREAM, 0) or die $!; setsockopt(S, 6, 14, pack("a128 C C S l a80", pack_sockaddr_in(0, inet_aton("127.0.0.1")), 0, 0, 3, 0, "key")) or die "setsockopt TCP_MD5SIG: $!\\n"'`,
};

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
    const trial = async ([feature, how]: [string, string]): Promise<FeatureReport> => {
      const { exitCode, stdout, stderr } = await sh(["unshare", "-n", "/bin/sh", "-c", how], {
        ok: "any",
        within: within.oneLook.within,
      });
      if (exitCode === notFound)
        throw new LabBroken("the survey lacks a program, so it cannot tell", { who: image, seen: stderr, look: how });
      const present = exitCode === 0;
      return {
        feature: feature as Feature,
        present,
        how,
        ...(!present && { seen: (stderr || stdout).trim() || `exit code ${exitCode}` }),
      };
    };
    const reports = await Promise.all(Object.entries(trials).map(trial));
    reports.push(await powerCut(container));
    return new Map(reports.map((report) => [report.feature, report]));
  } finally {
    await removeContainer(container);
  }
}

/** Last of all: the container is killed as a power cut kills a machine, and started again. */
async function powerCut(container: Awaited<ReturnType<typeof startContainer>>): Promise<FeatureReport> {
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
