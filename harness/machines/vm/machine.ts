import type { Duplex } from "node:stream";
import type { Socket } from "#harness/fabric/wiring";
import { ms } from "#harness/judging/duration";
import { atPace, paceOf } from "#harness/judging/pace";
import { within } from "#harness/judging/within";
import { LabBroken } from "#harness/model/errors";
import type { Consoled, Machine, Powered, Shell } from "#harness/model/machines";
import type { Journal } from "#harness/model/run";
import type { ResolvedNode, ResolvedTopology } from "#harness/model/topology";
import type { FileTree } from "#harness/model/units";
import { systemdStarted, telling } from "../booted.ts";
import type { ContainerMachine } from "../container/machine.ts";
import { putFiles, tarOf } from "../files.ts";
import type { Dialing } from "../forward.ts";
import { SshConnection } from "../ssh/connection.ts";
import { sshShell } from "../ssh/shell.ts";
import { sshPort } from "../sshd.ts";
import { type Access, hullKeys, type LabKeys } from "./access.ts";
import { setClock } from "./clock.ts";
import { hullFolder, managed } from "./layout.ts";
import { seedOf } from "./seed.ts";

/** A machine with a kernel of its own: the guest of a hull, entered by ssh over the engine. */
export class VmMachine implements Machine, Powered, Consoled, Dialing {
  readonly name: string;
  readonly node: ResolvedNode;
  readonly sh: Shell;
  readonly hull: ContainerMachine;
  readonly #connection: SshConnection;

  constructor(hull: ContainerMachine, { privateKey, hostKey }: Access, journal: Pick<Journal, "write">) {
    this.name = hull.node.name;
    this.node = hull.node;
    this.hull = hull;
    this.#connection = new SshConnection(this.name, {
      connect: () => hull.dial(managed.guest, sshPort),
      user: "root",
      privateKey,
      hostKeys: [hostKey],
    });
    this.sh = sshShell(this.#connection, journal, paceOf([this.node]));
  }

  socket(): Promise<Socket> {
    return this.hull.socket();
  }

  /** Returns when systemd has started all that it was to start, and its clock is right. Throws `LabBroken` as soon as the kernel ends itself. */
  async booted(signal?: AbortSignal): Promise<void> {
    await telling(this, signal, () => this.#letsIn(signal));
    await systemdStarted(this, signal);
    await telling(this, signal, () => setClock(this.sh, this.hull.sh));
  }

  async #letsIn(signal: AbortSignal | undefined): Promise<void> {
    const done = new AbortController();
    const late = AbortSignal.timeout(ms(atPace([this.node], within.guestBoot.within)));
    const until = AbortSignal.any([done.signal, late, ...(signal ? [signal] : [])]);
    const ended = this.hull.ended(done.signal).then(() => {
      throw new LabBroken("its kernel ended itself", { who: this.name });
    });
    try {
      await Promise.race([this.#connection.established(until), ended]);
    } finally {
      done.abort();
      ended.catch(() => undefined);
    }
  }

  console(lines?: number): Promise<string> {
    return this.hull.console(lines);
  }

  dial(host: string, port: number): Promise<Duplex> {
    return this.#connection.forward(host, port);
  }

  put(files: FileTree): Promise<void> {
    return putFiles(this.sh, files);
  }

  cutPower(): Promise<void> {
    return this.hull.cutPower();
  }

  async restorePower(): Promise<void> {
    await this.hull.switchOn();
    await this.booted();
  }

  /** Closes the connection to it; the machine stays up. */
  async release(): Promise<void> {
    await this.#connection[Symbol.asyncDispose]();
  }
}

/** Gives a hull what its guest will be: before its wires are plugged in, since then the guest boots. */
export async function prepareHull(
  hull: ContainerMachine,
  topology: ResolvedTopology,
  run: string,
  keys: LabKeys,
): Promise<void> {
  const seed = await tarOf(seedOf(hull.node, topology, run, keys));
  await hull.put({ ...hullKeys(keys), [`${hullFolder}/seed.tar`]: { content: seed, mode: 0o600 } });
}
