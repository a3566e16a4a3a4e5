import type { TaskEnd } from "#harness/model/evidence";

/** What Ansible tells of a playbook while it runs it. Times are milliseconds of the epoch. */
export type AnsibleEvent = PlayBegan | TaskBegan | TaskEnded | Recap;

export interface PlayBegan {
  readonly kind: "play";
  readonly at: number;
  readonly name: string;
}

export interface TaskBegan {
  readonly kind: "task";
  readonly at: number;
  /** The same on all hosts. */
  readonly id: string;
  /** With its role before it: "kubernetes/preinstall : Stop if swap enabled". */
  readonly name: string;
  /** File and line. */
  readonly path: string;
}

/** A task is done on one host. */
export interface TaskEnded extends Omit<TaskBegan, "kind"> {
  readonly kind: "result";
  readonly host: string;
  readonly ended: TaskEnd;
  /** What the module said of its failure, with secrets masked. */
  readonly says?: string;
}

/** The last of all. */
export interface Recap {
  readonly kind: "recap";
  readonly at: number;
  readonly hosts: Readonly<Record<string, HostRecap>>;
}

export interface HostRecap {
  readonly ok: number;
  readonly changed: number;
  readonly failures: number;
  readonly ignored: number;
  readonly rescued: number;
  readonly skipped: number;
  readonly unreachable: number;
}

interface Written {
  readonly _event?: string;
  readonly _timestamp?: string;
  readonly play?: { readonly name: string };
  readonly task?: { readonly id: string; readonly name: string; readonly path: string };
  readonly hosts?: Readonly<Record<string, ModuleResult>>;
  readonly stats?: Readonly<Record<string, HostRecap>>;
}

/** What a module returns: https://docs.ansible.com/ansible/latest/reference_appendices/common_return_values.html */
interface ModuleResult {
  readonly changed?: boolean;
  readonly failed?: boolean;
  readonly unreachable?: boolean;
  readonly item?: unknown;
  /** There in place of all others where the task is `no_log`. */
  readonly censored?: string;
  readonly msg?: unknown;
  readonly stderr?: string;
  readonly stdout?: string;
  readonly module_stderr?: string;
  readonly module_stdout?: string;
  readonly exception?: string;
  readonly rc?: number;
  readonly results?: readonly ModuleResult[];
}

/**
 * A line of the callback ansible.posix.jsonl. `undefined` for one that is none of its events, such as what another callback
 * or a warning prints between them.
 */
export function eventIn(line: string): AnsibleEvent | undefined {
  const written = objectIn(line);
  const at = Date.parse(written?._timestamp ?? "");
  if (!written || Number.isNaN(at)) return undefined;
  const { play, task, hosts, stats } = written;
  switch (written._event) {
    case "v2_playbook_on_play_start":
      return play && { kind: "play", at, name: play.name };
    case "v2_playbook_on_task_start":
    case "v2_playbook_on_handler_task_start":
    case "v2_runner_on_start":
      return task && { kind: "task", at, id: task.id, name: task.name, path: task.path };
    case "v2_runner_on_ok":
    case "v2_runner_on_skipped":
    case "v2_runner_on_failed":
    case "v2_runner_on_unreachable": {
      const [host, result] = Object.entries(hosts ?? {})[0] ?? [];
      if (!task || host === undefined || !result) return undefined;
      const ended = endOf(written._event, result);
      const { id, name, path } = task;
      const says = ended === "failed" || ended === "unreachable" ? masked(saidBy(result)) : undefined;
      return { kind: "result", at, id, name, path, host, ended, ...(says !== undefined && { says }) };
    }
    case "v2_playbook_on_stats":
      return stats && { kind: "recap", at, hosts: stats };
    default:
      return undefined;
  }
}

function objectIn(line: string): Written | undefined {
  if (!line.startsWith("{")) return undefined;
  try {
    return JSON.parse(line) as Written;
  } catch {
    return undefined;
  }
}

function endOf(event: string, { changed }: ModuleResult): TaskEnd {
  if (event === "v2_runner_on_unreachable") return "unreachable";
  if (event === "v2_runner_on_failed") return "failed";
  if (event === "v2_runner_on_skipped") return "skipped";
  return changed ? "changed" : "ok";
}

/** Of a loop what its failed items said, of a command what it wrote last. */
function saidBy(result: ModuleResult): string {
  const items = result.results?.filter(({ failed, unreachable }) => failed || unreachable) ?? [];
  if (items.length > 0) return items.map((item) => `${itemName(item)}: ${saidBy(item)}`).join("\n");
  const { censored, msg, stderr, stdout, module_stderr, module_stdout, exception, rc } = result;
  if (censored !== undefined) return "nothing: the playbook hides what this task says (no_log)";
  const message = typeof msg === "string" ? msg : msg === undefined ? "" : JSON.stringify(msg);
  const output = [stderr, module_stderr, exception].find(Boolean) || stdout || module_stdout || "";
  const lines = [rc === undefined ? message : `${message} (exit code ${rc})`, ending(output)];
  return lines.filter((text) => text !== "").join("\n") || "nothing";
}

const itemName = ({ item }: ModuleResult): string =>
  typeof item === "string" || typeof item === "number" ? String(item) : (JSON.stringify(item) ?? "an item");

const ending = (output: string): string => output.trim().split("\n").slice(-15).join("\n").slice(-3000);

const secrets: readonly RegExp[] = [
  /-----BEGIN [A-Z ]*PRIVATE KEY-----[\s\S]*?(?:-----END [A-Z ]*PRIVATE KEY-----|$)/g,
  // Bootstrap tokens: https://kubernetes.io/docs/reference/access-authn-authz/bootstrap-tokens/
  /\b[a-z0-9]{6}\.[a-z0-9]{16}\b/g,
  // JSON Web Tokens begin with the base64 of `{"`.
  /\beyJ[\w-]{8,}\.[\w-]+\.[\w-]*/g,
  /(?<=certificate[-_ ]key\\?["']?[:= ]+\\?["']?)[0-9a-f]{64}\b/gi,
  // The module slurp returns files in base64; keys and tokens of configurations come as values.
  /(?<="content": ?")[A-Za-z0-9+/=]{40,}(?=")/g,
  /(?<=\b(?:secret|password|client-key-data|kube_encrypt_token|token)\\?["']?: ?\\?["']?)[A-Za-z0-9+/=_-]{16,}/g,
];

/** Text without private keys, tokens and passwords. */
export const masked = (text: string): string =>
  secrets.reduce((shown, pattern) => shown.replaceAll(pattern, "(secret)"), text);
