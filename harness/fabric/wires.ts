import { existsSync, mkdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { within } from "#harness/judging/within";
import { Misdeclared } from "#harness/model/errors";
import type { Capture, Fabric, Shell } from "#harness/model/machines";
import type { Run } from "#harness/model/run";
import type { ResolvedTopology } from "#harness/model/topology";
import { plugScript, portsOf, type Socket, segmentsScript } from "./wiring.ts";

/** What holds a fabric: a root shell in a network namespace of its own, from where the processes of all machines are seen. */
export interface FabricHost {
  readonly sh: Shell;
  /** Runs a program there and writes its output to a file on this computer. Returns once its standard error matches `ready`. */
  record(argv: readonly string[], file: string, ready: RegExp): Promise<Recording>;
}

export interface Recording {
  /** SIGINT; returns when the file is whole. */
  stop(): Promise<void>;
}

/** A fabric as those who raise machines see it. */
export interface LabFabric extends Fabric {
  /** Makes the segments and plugs all machines in, in one go. Returns what it changed outside the lab, a line each. */
  wire(sockets: readonly Socket[]): Promise<string[]>;
  /** Plugs one machine in again after it was started anew. */
  replug(socket: Socket): Promise<void>;
  /** Takes a machine's wires away and kills it, in this order: nothing that it says while dying gets out. */
  strike(socket: Socket): Promise<void>;
}

/**
 * @param gate A pipe in each machine that is written to when its wires are there.
 */
export function fabricOn(
  host: FabricHost,
  topology: ResolvedTopology,
  run: Pick<Run, "folder" | "journal">,
  gate: string,
): LabFabric {
  const { sh } = host;
  const ports = portsOf(topology);
  const cut = new Map<string, number>();
  let captures = 0;
  let impairments = 0;

  const plug = async (sockets: readonly Socket[], first: string) => {
    const unplugged = new Set([...cut.keys()].filter((port) => (cut.get(port) ?? 0) > 0));
    const script = `${first}${plugScript(topology, sockets, gate, unplugged)}`;
    const { stdout } = await sh(script, { within: within.machineBoot.within });
    return stdout.split("\n").filter(Boolean);
  };

  return {
    sh,
    wire: (sockets) => plug(sockets, `${segmentsScript(topology)}\n`),
    replug: async (socket) => void (await plug([socket], "")),

    async strike({ node, pid }) {
      const down = node.interfaces.map((nic) => `link set ${ports.port(node.name, nic.segment)} down`);
      await sh(`ip -batch - <<'EOF' && kill -KILL ${pid}\n${down.join("\n")}\nEOF`);
    },

    async cutLink(node, segment) {
      const port = ports.port(node, segment);
      const change = async (by: 1 | -1) => {
        const cuts = (cut.get(port) ?? 0) + by;
        cut.set(port, cuts);
        await sh(["ip", "link", "set", port, cuts > 0 ? "down" : "up"]);
      };
      await change(1);
      return once(() => change(-1));
    },

    async impair(node, segment, { toNode = 0, fromNode = 0 }) {
      const port = ports.port(node, segment);
      const table = `bridge impair${++impairments}`;
      const rules = [...lossRule("oifname", port, toNode), ...lossRule("iifname", port, fromNode)].join("\n    ");
      await sh(["nft", "-f", "-"], {
        input: `table ${table} {\n  chain forward {\n    type filter hook forward priority 0; policy accept;\n    ${rules}\n  }\n}\n`,
      });
      return once(async () => {
        await sh(`nft delete table ${table}`);
      });
    },

    async capture(segment, { node, filter, snaplen } = {}) {
      const device = node === undefined ? ports.bridge(segment) : ports.port(node, segment);
      const folder = join(run.folder, "attachments");
      mkdirSync(folder, { recursive: true });
      const nextName = () => `${segment}${node ? `-${node}` : ""}-${++captures}.pcap`;
      let name = nextName();
      // A kept lab is captured by one process after another.
      while (existsSync(join(folder, name))) name = nextName();
      const argv = ["tcpdump", "-i", device, "-n", "-U", "--immediate-mode", "-Z", "root", "-w", "-"];
      if (snaplen !== undefined) argv.push("-s", String(snaplen));
      if (filter !== undefined) argv.push(filter);
      const recording = await host.record(argv, join(folder, name), /listening on/);
      let stopped: Promise<string> | undefined;
      const stop = ({ discard = false } = {}): Promise<string> => {
        stopped ??= recording.stop().then(() => {
          if (discard) rmSync(join(folder, name), { force: true });
          else run.journal.write({ kind: "attached", at: Date.now(), name, file: join("attachments", name) });
          return join(folder, name);
        });
        return stopped;
      };
      return {
        stop,
        async [Symbol.asyncDispose]() {
          await stop();
        },
      } satisfies Capture;
    },
  };
}

const precision = 10_000;

/** Drops a share of frames, chosen at random, where the switch passes them on. netem is not in every kernel; this is. */
function lossRule(direction: "iifname" | "oifname", port: string, share: number): string[] {
  if (!(share >= 0 && share <= 1))
    throw new Misdeclared("an impairment", [`a loss of ${share} is not a share between 0 and 1`]);
  const drawn = Math.round(share * precision);
  if (drawn === 0) return [];
  const some = drawn === precision ? "" : `numgen random mod ${precision} < ${drawn} `;
  return [`${direction} "${port}" ${some}counter drop`];
}

function once(undo: () => Promise<void>): AsyncDisposable {
  let done: Promise<void> | undefined;
  return {
    async [Symbol.asyncDispose]() {
      done ??= undo();
      await done;
    },
  };
}
