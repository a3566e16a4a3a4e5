import type { Artifact } from "./artifacts.ts";
import type { Features } from "./features.ts";
import type { ImageSet } from "./images.ts";
import type { Progress } from "./progress.ts";
import type { Deviation } from "./provision.ts";
import type { Run } from "./run.ts";
import type { ResolvedNode, ResolvedTopology } from "./topology.ts";
import type { Duration, FileTree } from "./units.ts";

export interface CommandResult {
  readonly command: string;
  readonly exitCode: number;
  readonly stdout: string;
  readonly stderr: string;
  /** Milliseconds from start to exit. */
  readonly ms: number;
}

export interface CommandOptions {
  /** How long it may take; killed and `LabBroken` after it. Default 60 s, on a VM as much longer as it takes. */
  readonly within?: Duration;
  readonly input?: string | Uint8Array;
  /** Exit codes that are not an error. Default `[0]`; `"any"` leaves the judgement to the caller. */
  readonly ok?: readonly number[] | "any";
  readonly signal?: AbortSignal;
  /** What its output must not give away: all of it, or these words. Neither the journal nor an error repeats it. */
  readonly secret?: true | readonly string[];
}

/** A process that goes on while the caller does something else. Disposing it ends it. */
export interface RunningCommand extends AsyncDisposable {
  readonly command: string;
  /** Lines of standard output as they come. */
  readonly lines: AsyncIterable<string>;
  readonly exit: Promise<CommandResult>;
  /** SIGTERM, then SIGKILL after 2 s. */
  stop(): Promise<CommandResult>;
}

/**
 * A root shell on a machine. `sh("ip route")` runs a line in `/bin/sh -c`; an array is run without a shell.
 * Every command is written to the journal. Throws `LabBroken` when the exit code is not among `ok`.
 */
export interface Shell {
  (command: string | readonly string[], options?: CommandOptions): Promise<CommandResult>;
  start(
    command: string | readonly string[],
    options?: Pick<CommandOptions, "input" | "signal">,
  ): Promise<RunningCommand>;
}

export interface Machine {
  readonly name: string;
  readonly node: ResolvedNode;
  readonly sh: Shell;
  put(files: FileTree): Promise<void>;
  /**
   * Of a machine that was raised with images in containerd's store: gives it that store again, as a new machine in its place has it.
   * containerd must not run.
   */
  restock?(): Promise<void>;
  /**
   * Of a machine that was there before the lab and stays after it: says what is to be run on it, by /bin/sh as root, when it
   * is given back, the last first. Told before it is needed, it is done even if this process is killed.
   */
  whenReturned?(what: string, script: string): Promise<void>;
}

/** A machine whose mains can be pulled: no shutdown, no goodbye on the network. */
export interface Powered {
  cutPower(): Promise<void>;
  /** Boots it again with the same disk, interfaces and addresses. */
  restorePower(): Promise<void>;
}

/** A machine with a console. */
export interface Consoled {
  /** What kernel and systemd wrote to it since the machine was made, or the last lines of that; it can be read without power. */
  console(lines?: number): Promise<string>;
}

/** The wires. */
export interface Fabric {
  /** Takes the link of one interface down at the switch, as a pulled cable would; disposing plugs it in again. */
  cutLink(node: string, segment: string): Promise<AsyncDisposable>;
  /** Drops a share of the frames (0 to 1) in one direction at the switch port of an interface. */
  impair(node: string, segment: string, loss: { toNode?: number; fromNode?: number }): Promise<AsyncDisposable>;
  /** tcpdump on a segment's bridge, or at the port of one node; `stop()` returns the pcap's path on this computer. */
  capture(segment: string, options?: { node?: string; filter?: string; snaplen?: number }): Promise<Capture>;
  /** A root shell in the fabric's network namespace. */
  readonly sh: Shell;
}

export interface Capture extends AsyncDisposable {
  /** Ends the capture and keeps it in the run's folder, unless nobody will want it. Returns the file's path. */
  stop(options?: { readonly discard?: boolean }): Promise<string>;
}

export interface RaisedLab extends AsyncDisposable {
  readonly machines: ReadonlyMap<string, Machine & Partial<Powered & Consoled>>;
  readonly fabric: Fabric;
  /** Closes connections to the machines, so that this process can end; they stay up. */
  letGo?(): Promise<void>;
}

/** Where machines come from. */
export interface MachineBackend {
  readonly name: "container" | "vm" | "ssh";
  /** Tries every feature for real. Seconds, not minutes; kept for the process. */
  survey(progress?: Progress): Promise<Features>;
  /** By how much longer its VMs take than containers. Default as `#harness/judging/pace` has it. */
  pace?(progress?: Progress): Promise<number | undefined>;
  /** Obtains artifacts and bakes images; instant when that was done before. Two at once share the work. */
  prepare(images: ImageSet, progress: Progress, signal?: AbortSignal): Promise<Prepared>;
  /** Raises all machines of a topology at once, wired. Throws `LabBroken`; leaves nothing behind when it throws. */
  raise(topology: ResolvedTopology, prepared: Prepared, run: Run, progress: Progress): Promise<RaisedLab>;
  /** Removes what dead runs left. Returns one line per removed thing. Live runs and foreign things are not touched. */
  sweep(): Promise<string[]>;
  /** What carries the lab's label now, one line each. */
  leftovers(): Promise<string[]>;
}

/** Images that are ready to be raised from. */
export interface Prepared {
  readonly images: ImageSet;
  /** Name of the machine image in the engine, digest included or content-addressed. */
  readonly machineImage: string;
  /** Where every baked program came from, for the report. */
  readonly artifacts: readonly Artifact[];
  /** What is otherwise than on computers of one's own, for the report. */
  readonly deviations?: readonly Deviation[];
  /** Backend's own, e.g. the volume and the folder of the prepared containerd store. */
  readonly detail: Readonly<Record<string, string>>;
}
