import { stripVTControlCharacters } from "node:util";
import type { Container } from "dockerode";
import type { LabFabric } from "#harness/fabric/wires";
import type { Socket } from "#harness/fabric/wiring";
import { within } from "#harness/judging/within";
import { LabBroken } from "#harness/model/errors";
import type { Machine, Powered, Shell } from "#harness/model/machines";
import type { ResolvedNode } from "#harness/model/topology";
import type { FileTree } from "#harness/model/units";
import { putFiles } from "../files.ts";

/** A machine that is a container: systemd as PID 1, wired by the fabric. */
export class ContainerMachine implements Machine, Powered {
  readonly name: string;
  readonly node: ResolvedNode;
  readonly sh: Shell;
  readonly container: Container;
  readonly #fabric: LabFabric;

  constructor(node: ResolvedNode, container: Container, sh: Shell, fabric: LabFabric) {
    this.name = node.name;
    this.node = node;
    this.container = container;
    this.sh = sh;
    this.#fabric = fabric;
  }

  /** Where the fabric plugs in. Throws `LabBroken` when the machine has no power. */
  async socket(): Promise<Socket> {
    const { State } = await this.container.inspect();
    if (State.Running) return { node: this.node, pid: State.Pid };
    throw new LabBroken("the machine is not running", {
      who: this.name,
      seen: `${State.Status}, exit code ${State.ExitCode} ${State.Error}`,
    });
  }

  /** Returns when systemd has started all that it was to start; a unit that failed is no reason to wait for ever. */
  async booted(signal?: AbortSignal): Promise<void> {
    const script = `until state=$(systemctl is-system-running --wait 2>/dev/null); [ "$state" = running ] || [ "$state" = degraded ]; do
  sleep 0.05
done`;
    await this.sh(script, { within: within.machineBoot.within, ...(signal && { signal }) }).catch(async (cause) => {
      if (signal?.aborted) throw cause;
      const console = await this.console().catch(() => "");
      throw new LabBroken("the machine did not boot", {
        who: this.name,
        seen: `${cause instanceof LabBroken ? cause.particulars.seen || cause.message : cause}\n${console}`,
        look: "the end of its console, above; systemd says there what it could not start",
        cause,
      });
    });
  }

  /** The last lines that systemd wrote while it booted. */
  async console(): Promise<string> {
    const { State } = await this.container.inspect();
    const log = await this.container.logs({ stdout: true, stderr: true, tail: 20 });
    return `${State.Status}${State.Running ? "" : `, exit code ${State.ExitCode}`}\n${stripVTControlCharacters(log.toString()).replaceAll("\r", "").trim()}`;
  }

  put(files: FileTree): Promise<void> {
    return putFiles(this.sh, files);
  }

  async cutPower(): Promise<void> {
    const gone = this.container.wait({ condition: "not-running" });
    await this.#fabric.strike(await this.socket());
    await gone;
  }

  async restorePower(): Promise<void> {
    await this.container.start();
    await this.#fabric.replug(await this.socket());
    await this.booted();
  }
}
