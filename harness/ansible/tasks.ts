import type { TaskEnd, TaskRan } from "#harness/model/evidence";
import type { AnsibleEvent, TaskBegan, TaskEnded } from "./events.ts";

interface Open {
  readonly task: Omit<TaskBegan, "kind">;
  readonly results: TaskEnded[];
}

/**
 * Puts a playbook's events together to tasks, each with all its hosts: under Ansible's linear strategies, Mitogen's too, all
 * hosts are at the same task. Remembers what failed last on each host.
 */
export class Tasks {
  readonly #playbook: string;
  readonly #onTask: (task: TaskRan) => void;
  readonly #lastOf = new Map<string, TaskEnded>();
  #play = "";
  #open: Open | undefined;
  #count = 0;

  constructor(playbook: string, onTask: (task: TaskRan) => void) {
    this.#playbook = playbook;
    this.#onTask = onTask;
  }

  take(event: AnsibleEvent): void {
    if (event.kind === "task" || event.kind === "result") {
      if (this.#open?.task.id !== event.id) this.end();
      this.#open ??= { task: event, results: [] };
      if (event.kind === "result") {
        this.#open.results.push(event);
        this.#lastOf.set(event.host, event);
      }
    } else this.end();
    if (event.kind === "play") this.#play = event.name;
  }

  /** Nothing more comes of the task under way. */
  end(): void {
    const open = this.#open;
    this.#open = undefined;
    const last = open?.results.at(-1);
    if (!open || !last) return;
    this.#count += 1;
    const said = open.results.flatMap(({ host, says }) => (says === undefined ? [] : `${host}: ${says}`));
    this.#onTask({
      kind: "task-ran",
      at: open.task.at,
      ms: last.at - open.task.at,
      playbook: this.#playbook,
      play: this.#play,
      task: open.task.name,
      hosts: hostsBy(open.results),
      ...(said.length > 0 && { error: said.join("\n") }),
    });
  }

  /** Tasks that were done. */
  get count(): number {
    return this.#count;
  }

  /** The play under way. */
  get play(): string {
    return this.#play;
  }

  /** The task under way, if one is. */
  get underWay(): Omit<TaskBegan, "kind"> | undefined {
    return this.#open?.task;
  }

  /** Where hosts stopped: a failure that was ignored or mended was followed by another task. */
  get failures(): readonly TaskEnded[] {
    return [...this.#lastOf.values()].filter(({ ended }) => ended === "failed" || ended === "unreachable");
  }
}

function hostsBy(results: readonly TaskEnded[]): TaskRan["hosts"] {
  const hosts: Partial<Record<TaskEnd, string[]>> = {};
  for (const { ended, host } of results) hosts[ended] = [...(hosts[ended] ?? []), host];
  return hosts;
}
