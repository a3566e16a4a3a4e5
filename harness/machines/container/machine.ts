import type { Duplex } from "node:stream";
import { stripVTControlCharacters } from "node:util";
import type { Container } from "dockerode";
import type { LabFabric } from "#harness/fabric/wires";
import type { Socket } from "#harness/fabric/wiring";
import { LabBroken } from "#harness/model/errors";
import type { Consoled, Machine, Powered, Shell } from "#harness/model/machines";
import type { ResolvedNode } from "#harness/model/topology";
import type { FileTree } from "#harness/model/units";
import { systemdStarted } from "../booted.ts";
import { putFiles } from "../files.ts";
import type { Dialing } from "../forward.ts";
import { dial } from "./dial.ts";
import { recloneStore } from "./store.ts";

/** A machine that is a container: systemd as PID 1, wired by the fabric. */
export class ContainerMachine implements Machine, Powered, Consoled, Dialing {
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

  async booted(signal?: AbortSignal): Promise<void> {
    await systemdStarted(this, signal);
  }

  async console(lines?: number): Promise<string> {
    const { State } = await this.container.inspect();
    const log = await this.container.logs({ stdout: true, stderr: true, ...(lines !== undefined && { tail: lines }) });
    return `${State.Status}${State.Running ? "" : `, exit code ${State.ExitCode}`}\n${stripVTControlCharacters(log.toString()).replaceAll("\r", "").trim()}`;
  }

  dial(host: string, port: number): Promise<Duplex> {
    return dial(this.container, this.name, host, port);
  }

  put(files: FileTree): Promise<void> {
    return putFiles(this.sh, files);
  }

  restock(): Promise<void> {
    return recloneStore(this.container);
  }

  async cutPower(): Promise<void> {
    const gone = this.container.wait({ condition: "not-running" });
    await this.#fabric.strike(await this.socket());
    await gone;
  }

  async restorePower(): Promise<void> {
    await this.switchOn();
    await this.booted();
  }

  /** Power and wires are back; it boots. */
  async switchOn(): Promise<void> {
    await this.container.start();
    await this.#fabric.replug(await this.socket());
  }

  /** Returns when its first process has ended, or rejects when the signal is aborted. */
  async ended(signal: AbortSignal): Promise<void> {
    await this.container.wait({ condition: "not-running", abortSignal: signal });
  }

  /** Lets go of it; there is nothing to let go of. */
  async release(): Promise<void> {}
}
