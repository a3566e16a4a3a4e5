import type { Duplex } from "node:stream";
import { Unsupported } from "#harness/model/errors";
import type { Machine, Powered, Shell } from "#harness/model/machines";
import type { ResolvedNode } from "#harness/model/topology";
import type { FileTree } from "#harness/model/units";
import type { Dialing } from "../forward.ts";
import type { SshConnection } from "./connection.ts";
import { putOnLoan, writeUndo } from "./loan.ts";

/** A machine that was there before the lab and stays after it, given back as it was. Nobody of the lab can pull its mains. */
export class SshMachine implements Machine, Powered, Dialing {
  readonly name: string;
  readonly node: ResolvedNode;
  readonly sh: Shell;
  readonly connection: SshConnection;
  readonly #run: string;

  constructor(node: ResolvedNode, connection: SshConnection, sh: Shell, run: string) {
    this.name = node.name;
    this.node = node;
    this.sh = sh;
    this.connection = connection;
    this.#run = run;
  }

  put(files: FileTree): Promise<void> {
    return putOnLoan(this.sh, this.#run, files);
  }

  whenReturned(what: string, script: string): Promise<void> {
    return writeUndo(this.sh, this.#run, what, script);
  }

  dial(host: string, port: number): Promise<Duplex> {
    return this.connection.forward(host, port);
  }

  async cutPower(): Promise<void> {
    throw new Unsupported("its mains are not the lab's to pull", ["power-cut"], { who: this.name });
  }

  restorePower(): Promise<void> {
    return this.cutPower();
  }
}
