import { createWriteStream, existsSync } from "node:fs";
import { mkdir } from "node:fs/promises";
import { basename, join } from "node:path";
import { finished } from "node:stream/promises";
import { host } from "#harness/host/command";
import { ms, readable } from "#harness/judging/duration";
import { newMark } from "#harness/machines/spawned";
import { LabBroken } from "#harness/model/errors";
import type { TaskRan } from "#harness/model/evidence";
import type { CommandResult } from "#harness/model/machines";
import type { Run } from "#harness/model/run";
import type { Duration } from "#harness/model/units";
import { scratchFolder } from "#harness/run/scratch";
import { type AnsibleEnvironment, environmentOf } from "./environment.ts";
import { eventIn, type HostRecap, masked } from "./events.ts";
import { Tasks } from "./tasks.ts";

/** A playbook to be run as it is. Paths are of this computer. */
export interface Playbook {
  readonly environment: AnsibleEnvironment;
  /** Folder of the playbook and its ansible.cfg. Nothing is written to it. */
  readonly project: string;
  /** Relative to it: "upgrade-cluster.yml". */
  readonly playbook: string;
  /** An inventory file. Playbooks may write beside it: it belongs in a folder of its own. */
  readonly inventory: string;
  /** A YAML or JSON file of variables that go before all others. */
  readonly extraVars?: string;
  /** An ssh_config(5) that tells how each host is reached. No other is read. */
  readonly sshConfig: string;
  readonly limit?: readonly string[];
  readonly tags?: readonly string[];
  readonly skipTags?: readonly string[];
  /** `mitogen` keeps one Python on each machine instead of starting one for each task. It must be in the environment. Default linear. */
  readonly strategy?: "linear" | "mitogen";
  /** How long all of it may take. */
  readonly within: Duration;
  /** How long each play may take. Default all of it. */
  readonly playWithin?: Duration;
}

export interface PlaybookContext {
  readonly run: Pick<Run, "folder" | "journal" | "signal">;
  /** Ends it: ansible-playbook and all that it started. The run's own signal does so in any case. */
  readonly signal?: AbortSignal;
  /** Told of the play and the task under way. */
  readonly note?: (text: string) => void;
  /** Told of each task when all hosts are done with it, after the journal. */
  readonly onTask?: (task: TaskRan) => void;
}

/** A playbook that ended well. */
export interface PlaybookDone {
  readonly ms: number;
  /** How many tasks were done, those included that all hosts skipped. */
  readonly tasks: number;
  readonly hosts: Readonly<Record<string, HostRecap>>;
  /** Every event, secrets masked: a file in the run's folder. */
  readonly log: string;
}

/** How many machines are worked on at the same time. */
const forks = 10;

/**
 * Runs a playbook. Each task goes to the journal as it ends. Throws `LabBroken` that says which task failed on which host, what its
 * module said and where the log is; the same when a play or the whole is not done in time; and the signal's reason when
 * that aborts. Whatever happens, nothing that it started goes on.
 */
export async function runPlaybook(wanted: Playbook, context: PlaybookContext): Promise<PlaybookDone> {
  const { playbook, within, playWithin = within } = wanted;
  const { run, note } = context;
  const outside = AbortSignal.any([run.signal, ...(context.signal ? [context.signal] : [])]);
  outside.throwIfAborted();
  const log = await freeLog(run.folder, basename(playbook));
  const keep = createWriteStream(join(run.folder, log), { mode: 0o600 });
  using scratch = scratchFolder();
  const mark = newMark();
  const tasks = new Tasks(playbook, (task) => {
    run.journal.write(task);
    context.onTask?.(task);
  });

  const late = new AbortController();
  let budget: NodeJS.Timeout | undefined;
  const beginPlay = (play: string) => {
    clearTimeout(budget);
    budget = setTimeout(
      () => late.abort(`the play "${play}" of ${playbook} was not done within ${readable(ms(playWithin))}`),
      ms(playWithin),
    );
  };
  const total = setTimeout(() => late.abort(`${playbook} was not done within ${readable(ms(within))}`), ms(within));

  let hosts: PlaybookDone["hosts"] = {};
  let printed: readonly string[] = [];
  const onOutput = (line: string) => {
    keep.write(`${logged(line)}\n`);
    const event = eventIn(line);
    if (!event) {
      printed = [...printed, masked(line)].slice(-rememberedLines);
      return;
    }
    tasks.take(event);
    if (event.kind === "play") beginPlay(event.name);
    if (event.kind === "task") note?.(`${tasks.play}: ${event.name}`);
    if (event.kind === "recap") hosts = event.hosts;
  };

  const began = Date.now();
  let result: CommandResult | undefined;
  try {
    result = await host(commandOf(wanted), {
      cwd: wanted.project,
      env: { ...variablesOf(wanted, run.folder, scratch.path), ...marked(mark.variable) },
      signal: AbortSignal.any([outside, late.signal]),
      // The budgets above say more.
      within: `${2 * ms(within)}ms`,
      ok: "any",
      onOutput,
      onLine: (line) => keep.write(`${masked(line)}\n`),
    });
  } catch (cause) {
    if (!late.signal.aborted || outside.aborted) throw cause;
    const { underWay, play } = tasks;
    throw new LabBroken(late.signal.reason, {
      waitedMs: Date.now() - began,
      seen: underWay ? `the task "${underWay.name}" of the play "${play}" was under way (${underWay.path})` : play,
      look: join(run.folder, log),
      cause,
    });
  } finally {
    clearTimeout(budget);
    clearTimeout(total);
    tasks.end();
    // ssh's masters, and processes that made themselves a session of their own.
    await host(["sh", "-c", mark.kill("KILL")], { ok: "any" });
    keep.end();
    await finished(keep).catch(() => undefined);
    run.journal.write({ kind: "attached", at: Date.now(), name: `ansible-playbook ${playbook}`, file: log });
  }
  if (result.exitCode !== 0) throw failed(playbook, tasks, result, printed, join(run.folder, log));
  return { ms: Date.now() - began, tasks: tasks.count, hosts, log };
}

const rememberedLines = 20;

/** Under `attachments/`, with a number where the same playbook was run before. */
async function freeLog(folder: string, playbook: string): Promise<string> {
  await mkdir(join(folder, "attachments"), { recursive: true });
  for (let n = 1; ; n++) {
    const file = join("attachments", `ansible-${playbook.replace(/\.ya?ml$/, "")}${n === 1 ? "" : `-${n}`}.jsonl`);
    if (!existsSync(join(folder, file))) return file;
  }
}

/** Facts are left out: they are long, and the same for hours. */
function logged(line: string): string {
  if (!line.includes('"ansible_facts"')) return masked(line);
  return masked(JSON.stringify(JSON.parse(line, (key, value) => (key === "ansible_facts" ? "(left out)" : value))));
}

function commandOf({ environment, playbook, inventory, extraVars, limit, tags, skipTags }: Playbook): string[] {
  const list = (option: string, words: readonly string[] | undefined) =>
    words && words.length > 0 ? [option, words.join(",")] : [];
  return [
    // On another computer, as a rule: here it must not take the processors from machines that are being measured.
    ...["nice", "-n", "10"],
    join(environment.folder, "bin/ansible-playbook"),
    ...["--inventory", inventory],
    ...(extraVars === undefined ? [] : ["--extra-vars", `@${extraVars}`]),
    ...list("--limit", limit),
    ...list("--tags", tags),
    ...list("--skip-tags", skipTags),
    playbook,
  ];
}

/** What Ansible reads from its environment goes before the project's ansible.cfg: https://docs.ansible.com/ansible/latest/reference_appendices/config.html */
function variablesOf(
  { environment, project, sshConfig, strategy = "linear" }: Playbook,
  folder: string,
  scratch: string,
): NodeJS.ProcessEnv {
  if (strategy === "mitogen" && environment.mitogen === undefined)
    throw new LabBroken("Mitogen is not in the Python environment", { who: environment.folder });
  const { SSH_AUTH_SOCK: _, ...variables } = environmentOf(environment);
  return {
    ...variables,
    ANSIBLE_CONFIG: join(project, "ansible.cfg"),
    ANSIBLE_HOME: join(scratch, "home"),
    ANSIBLE_LOCAL_TEMP: join(scratch, "tmp"),
    ANSIBLE_STDOUT_CALLBACK: "ansible.posix.jsonl",
    ANSIBLE_CALLBACKS_ENABLED: "ansible.posix.jsonl",
    ANSIBLE_NOCOLOR: "1",
    ANSIBLE_FORKS: String(forks),
    ANSIBLE_HOST_KEY_CHECKING: "True",
    // One connection to each machine for all tasks; its socket's path must be short.
    ANSIBLE_SSH_CONTROL_PATH_DIR: join(scratch, "ssh"),
    ANSIBLE_SSH_ARGS: `-F ${sshConfig} -o ControlMaster=auto -o ControlPersist=30m`,
    ANSIBLE_CACHE_PLUGIN: "jsonfile",
    ANSIBLE_CACHE_PLUGIN_CONNECTION: join(folder, "ansible-facts"),
    ...(strategy === "mitogen" && {
      ANSIBLE_STRATEGY: "mitogen_linear",
      ANSIBLE_STRATEGY_PLUGINS: environment.mitogen,
    }),
  };
}

function marked(variable: string): NodeJS.ProcessEnv {
  const [name = "", value] = variable.split("=");
  return { [name]: value };
}

function failed(
  playbook: string,
  tasks: Tasks,
  { exitCode, stderr }: CommandResult,
  printed: readonly string[],
  log: string,
): LabBroken {
  const [first, ...others] = tasks.failures;
  if (!first)
    return new LabBroken(`${playbook} ended with exit code ${exitCode}`, {
      seen: [...printed, ...masked(stderr).trim().split("\n").slice(-rememberedLines)].join("\n").trim() || "no output",
      look: log,
    });
  const also = others.map(
    ({ host: who, name, says }) => `${who}, ${name === first.name ? "the same task" : name}: ${says}`,
  );
  return new LabBroken(`${playbook} failed at the task "${first.name}"`, {
    who: first.host,
    seen: [first.says ?? "nothing", ...also, `(${first.path})`].join("\n"),
    look: log,
  });
}
