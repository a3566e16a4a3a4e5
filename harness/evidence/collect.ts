import { ms } from "../judging/duration.ts";
import { within } from "../judging/within.ts";
import { quoted } from "../machines/quoted.ts";
import { reasonOf } from "../model/errors.ts";
import type { Wait } from "../model/judging.ts";
import type { Kube, KubeObject } from "../model/kube.ts";
import type { Consoled, Machine } from "../model/machines.ts";
import type { Run } from "../model/run.ts";
import { softwareOf } from "../model/software.ts";

/** Keeps one piece of evidence; what was kept before a collector fails stays kept. */
export type Keep = (name: string, content: string | Uint8Array) => void;

export interface Collector {
  /** Whose evidence it is: `rt-01`, `cluster`. */
  readonly name: string;
  collect(keep: Keep, signal: AbortSignal): Promise<void>;
}

export interface CollectOptions {
  readonly run: Pick<Run, "journal">;
  /** For all collectors together, which run at the same time. */
  readonly budget?: Wait;
}

/**
 * Runs collectors at the same time and attaches what they keep. One that fails or is not done in time leaves an
 * attachment that says so, `<name>-not-collected.txt`. Never throws.
 */
export async function collect(collectors: readonly Collector[], options: CollectOptions): Promise<void> {
  const { run, budget = within.evidence } = options;
  const over = new AbortController();
  const late = Promise.withResolvers<never>();
  late.promise.catch(() => {});
  const timer = setTimeout(() => {
    const why = new Error(`not done within ${budget.within}: ${budget.because}`);
    over.abort(why);
    late.reject(why);
  }, ms(budget.within));

  await Promise.all(
    collectors.map(async ({ name, collect }) => {
      let open = true;
      const keep: Keep = (file, content) => {
        if (open) attach(run, file, content);
      };
      try {
        await Promise.race([collect(keep, over.signal), late.promise]);
      } catch (error) {
        attach(run, `${name}-not-collected.txt`, reasonOf(error));
      } finally {
        open = false;
      }
    }),
  );
  clearTimeout(timer);
}

function attach(run: Pick<Run, "journal">, name: string, content: string | Uint8Array): void {
  try {
    run.journal.attach(name, content);
  } catch (error) {
    process.stderr.write(`hardway: ${name} is lost: ${String(error)}\n`);
  }
}

const machineState = [
  "ip -details address",
  "ip route show table all",
  "ip -6 route show table all",
  "ip rule",
  "ip neigh",
  "bridge fdb",
  "iptables-save -c",
  "nft list ruleset",
  "ss -tuanp",
  "conntrack -S",
  "systemctl --failed --no-pager",
  "systemctl list-units --type=service --no-pager",
  "ps -eo pid,ppid,stat,etime,rss,args",
  "df -h",
  "free -m",
];

/** Network, processes and failed units of a machine, what its software tells too, its journal since boot, and its console. */
export function machineEvidence(machine: Machine & Partial<Consoled>): Collector {
  const { name, node } = machine;
  const tables = softwareOf(node)?.tables;
  return {
    name,
    async collect(keep, signal) {
      const take = async (file: string, script: string) => {
        const { stdout, stderr } = await machine.sh(script, { ok: "any", within: within.evidence.within, signal });
        keep(`${name}-${file}`, stdout + stderr);
      };
      const takeConsole = async () => keep(`${name}-console.txt`, (await machine.console?.()) ?? "");
      await Promise.all([
        ...(machine.console ? [takeConsole()] : []),
        take("state.txt", sections(machineState)),
        take("journal.txt", "journalctl --boot --no-pager --output=short-precise"),
        ...(tables ? [take("software.txt", sections(tables))] : []),
      ]);
    },
  };
}

/** One script for many commands, as each round trip costs more than most of them. Those that are not there say so. */
function sections(commands: readonly string[]): string {
  return commands
    .map((command) => `echo ${quoted(`==== ${command}`)}; timeout 5 sh -c ${quoted(command)} 2>&1; echo`)
    .join("\n");
}

interface Pod extends KubeObject {
  readonly metadata: KubeObject["metadata"] & { readonly namespace: string };
  readonly spec: { readonly nodeName?: string; readonly containers: readonly { readonly name: string }[] };
  readonly status?: {
    readonly phase?: string;
    readonly podIP?: string;
    readonly containerStatuses?: readonly {
      readonly name: string;
      readonly ready: boolean;
      readonly restartCount: number;
    }[];
  };
}

interface Event extends KubeObject {
  readonly type?: string;
  readonly reason?: string;
  readonly message?: string;
  readonly lastTimestamp?: string | null;
  readonly eventTime?: string | null;
  readonly involvedObject: { readonly kind: string; readonly namespace?: string; readonly name: string };
}

/** Nodes, pods, services and events of a cluster, and the last 500 lines of every container, before its restart too. */
export function kubeEvidence(kube: Kube): Collector {
  return {
    name: "cluster",
    async collect(keep) {
      const objects = async <T extends KubeObject>(apiVersion: string, kind: string): Promise<T[]> => {
        const list = await kube.list<T>({ apiVersion, kind });
        keep(`cluster-${kind.toLowerCase()}s.json`, JSON.stringify(list, null, 2));
        return list;
      };
      const pods = async () => {
        const all = await objects<Pod>("v1", "Pod");
        keep("cluster-pods.txt", `${all.map(podLine).sort().join("\n")}\n`);
        keep("cluster-logs.txt", (await Promise.all(all.map((pod) => logsOf(kube, pod)))).flat().join("\n"));
      };
      const events = async () => {
        const all = await objects<Event>("v1", "Event");
        keep("cluster-events.txt", `${all.map(eventLine).sort().join("\n")}\n`);
      };
      const parts = [pods(), events(), objects("v1", "Node"), objects("v1", "Service")];
      const failed = (await Promise.allSettled(parts)).filter((part) => part.status === "rejected");
      if (failed.length > 0) throw new Error([...new Set(failed.map(({ reason }) => String(reason)))].join("\n"));
    },
  };
}

function podLine({ metadata, spec, status }: Pod): string {
  const containers = status?.containerStatuses ?? [];
  const ready = `${containers.filter((c) => c.ready).length}/${spec.containers.length}`;
  const restarts = containers.reduce((sum, { restartCount }) => sum + restartCount, 0);
  const where = [status?.podIP ?? "no address", spec.nodeName ?? "no node"];
  return [`${metadata.namespace}/${metadata.name}`, ready, status?.phase, `${restarts} restarts`, ...where].join("  ");
}

function eventLine({ metadata, type, reason, message, lastTimestamp, eventTime, involvedObject: of }: Event): string {
  const when = lastTimestamp ?? eventTime ?? metadata.creationTimestamp ?? "";
  return [when, type, reason, `${of.kind} ${of.namespace ? `${of.namespace}/` : ""}${of.name}`, message].join("  ");
}

async function logsOf(kube: Kube, pod: Pod): Promise<string[]> {
  const { namespace, name } = pod.metadata;
  const wanted = pod.spec.containers.flatMap(({ name: container }) => {
    const status = pod.status?.containerStatuses?.find((c) => c.name === container);
    return (status?.restartCount ?? 0) > 0 ? [{ container, previous: true }, { container }] : [{ container }];
  });
  return Promise.all(
    wanted.map(async (which) => {
      const text = await kube.logs({ namespace, name, ...which, tailLines: 500 }).catch((error) => String(error));
      const before = "previous" in which ? ", before its restart" : "";
      return `==== ${namespace}/${name} ${which.container}${before}\n${text}\n`;
    }),
  );
}
