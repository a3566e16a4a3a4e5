import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import type { TaskRan } from "../model/evidence.ts";
import { type AnsibleEvent, eventIn, masked } from "./events.ts";
import { Tasks } from "./tasks.ts";

/** What ansible.posix.jsonl of Ansible 10.7.0 wrote of testdata/everything.yml on two hosts. */
const written = (strategy: string): readonly string[] =>
  readFileSync(join(import.meta.dirname, "testdata", `${strategy}.jsonl`), "utf8")
    .trim()
    .split("\n");

function put(lines: readonly string[]) {
  const ran: TaskRan[] = [];
  const tasks = new Tasks("everything.yml", (task) => ran.push(task));
  const events = lines.map(eventIn).filter((event): event is AnsibleEvent => event !== undefined);
  for (const event of events) tasks.take(event);
  tasks.end();
  return { ran, tasks, events };
}

test.each(["linear", "mitogen-linear"])("tasks with all their hosts, under the strategy %s", (strategy) => {
  const { ran, tasks } = put(written(strategy));
  expect(ran.map(({ play, task, hosts }) => [play, task, hosts])).toEqual([
    ["Some of everything", "Nothing to do", { ok: ["one", "two"] }],
    ["Some of everything", "Changed on one", { changed: ["one"], ok: ["two"] }],
    ["Some of everything", "Skipped on two", { ok: ["one"], skipped: ["two"] }],
    ["Some of everything", "A failure that is ignored", { failed: ["one", "two"] }],
    ["Some of everything", "command", { skipped: ["two"], failed: ["one"] }],
    ["Some of everything", "debug", { ok: ["one"] }],
    ["Some of everything", "Read a key", { ok: ["one", "two"] }],
    ["Some of everything", "A loop with one that fails", { skipped: ["one"], failed: ["two"] }],
    ["The play after it", "Never on two", { ok: ["one"] }],
  ]);
  expect(tasks.count).toBe(9);
  for (const { ms } of ran) expect(ms).toBeGreaterThan(0);
});

test("of failures only those remain that stopped a host, with what the failed item said and no token", () => {
  const { tasks, ran } = put(written("linear"));
  expect(tasks.failures.map(({ host, name, says }) => [host, name, says])).toEqual([
    ["two", "A loop with one that fails", "2: non-zero return code (exit code 1)\n2 token (secret)"],
  ]);
  expect(ran[3]?.error).toBe("one: non-zero return code (exit code 1)\ntwo: non-zero return code (exit code 1)");
  expect(ran[4]?.error).toBe("one: non-zero return code (exit code 3)\noh no");
});

test("the recap comes last", () => {
  const { events } = put(written("linear"));
  expect(events.at(-1)).toMatchObject({
    kind: "recap",
    hosts: { one: { changed: 2, failures: 0 }, two: { failures: 1 } },
  });
});

test.each([
  ["a warning", "[WARNING]: Could not match supplied host pattern, ignoring: bastion"],
  ["half a line", '{"_event":"v2_runner_on_ok","_timestamp":"2026-11-21T06:'],
  ["another's JSON", '{"changed": true}'],
  ["an event without its task", '{"_event":"v2_runner_on_ok","_timestamp":"2026-11-21T06:38:34.123022Z"}'],
])("no event: %s", (_, line) => {
  expect(eventIn(line)).toBeUndefined();
});

test("an unreachable host", () => {
  const event = {
    _event: "v2_runner_on_unreachable",
    _timestamp: "2026-11-21T06:38:34.123022Z",
    hosts: { one: { changed: false, msg: "Failed to connect to the host via ssh: No route", unreachable: true } },
    task: { id: "1", name: "Gather facts", path: "/play.yml:1" },
  };
  expect(eventIn(JSON.stringify(event))).toMatchObject({
    ended: "unreachable",
    says: "Failed to connect to the host via ssh: No route",
  });
});

test.each([
  ["a private key", "a\n-----BEGIN RSA PRIVATE KEY-----\nMIIE\n-----END RSA PRIVATE KEY-----\nb", "a\n(secret)\nb"],
  ["one in JSON", '"-----BEGIN PRIVATE KEY-----\\nMIIE\\n-----END PRIVATE KEY-----\\n"', '"(secret)\\n"'],
  ["a bootstrap token", "kubeadm join --token abcdef.0123456789abcdef", "kubeadm join --token (secret)"],
  ["a certificate key", `--certificate-key ${"0a".repeat(32)} -v 5`, "--certificate-key (secret) -v 5"],
  ["a file in base64", `{"content":"${"QUJD".repeat(12)}"}`, '{"content":"(secret)"}'],
  ["a key of encryption at rest", "- name: key\n  secret: MDEyMzQ1Njc4OWFiY2RlZg==", "- name: key\n  secret: (secret)"],
  ["a checksum", `sha256:${"0a".repeat(32)}`, `sha256:${"0a".repeat(32)}`],
])("masked: %s", (_, text, shown) => {
  expect(masked(text)).toBe(shown);
});
