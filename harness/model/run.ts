import type { Evidence } from "./evidence.ts";
import type { Wait } from "./judging.ts";

/** One run of one scenario: its identity, its folder, its journal and its clean-up. */
export interface Run {
  /** Short, unique, sortable: `20261120-180301-metallb-bgp-x7f2`. */
  readonly id: string;
  readonly scenario: string;
  /** Folder on this computer where evidence is kept: `reports/runs/<id>`. */
  readonly folder: string;
  readonly journal: Journal;
  /** Aborted when the run is interrupted; everything that waits listens to it. */
  readonly signal: AbortSignal;
  /** Registers what must be undone; undone in reverse order, each within its budget, whatever the others do. */
  defer(
    what: string,
    undo: () => PromiseLike<void>,
    options?: {
      /** What would not outlive this process: undone although the machines stay. */ readonly evenIfKept?: boolean;
      /** How long it may take. Default `within.undo`. */ readonly budget?: Wait;
    },
  ): void;
}

/** Append-only evidence, JSON lines, flushed as written. */
export interface Journal {
  write(entry: Evidence): void;
  /** Puts a file into the run's `attachments/` and returns its path relative to the run's folder. */
  attach(name: string, content: string | Uint8Array): string;
}
