import { stringify } from "yaml";
import { type Group, type Inventory, placeOf, type SshEntry, type Variables } from "./inventory.ts";

/** What Ansible asks of an inventory program with `--list`: https://docs.ansible.com/ansible/latest/dev_guide/developing_inventory.html */
export function asList({ hosts, groups }: Inventory): object {
  return { ...groups, _meta: { hostvars: hosts } };
}

/** An inventory file in YAML 1.1, which Ansible reads: there `yes` and `12:30` are no text. */
export function asYaml({ hosts, groups }: Inventory): string {
  const { all, ...others } = groups;
  const group = ({ hosts: names, children = [], vars }: Group) => ({
    ...(names.length > 0 && { hosts: Object.fromEntries(names.map((name) => [name, {}])) }),
    ...(children.length > 0 && { children: Object.fromEntries(children.map((name) => [name, {}])) }),
    ...(vars && { vars }),
  });
  const inventory = {
    all: {
      hosts,
      ...(all?.vars && { vars: all.vars }),
      children: Object.fromEntries(Object.entries(others).map(([name, members]) => [name, group(members)])),
    },
  };
  return stringify(inventory, { version: "1.1" });
}

/** An inventory file in Ansible's INI. */
export function asIni({ hosts, groups }: Inventory): string {
  const { all, ...others } = groups;
  const section = (title: string, lines: readonly string[]) => (lines.length > 0 ? [`[${title}]`, ...lines, ""] : []);
  return [
    ...section(
      "all",
      Object.entries(hosts).map(([name, vars]) => [name, ...onHostLine(vars)].join(" ")),
    ),
    ...section("all:vars", inVarsSection(all?.vars ?? {})),
    ...Object.entries(others).flatMap(([name, { hosts: names, children = [], vars = {} }]) => [
      // A group that is another's child must be declared, though nobody is in it.
      ...(names.length + children.length > 0 ? section(name, names) : [`[${name}]`, ""]),
      ...section(`${name}:children`, children),
      ...section(`${name}:vars`, inVarsSection(vars)),
    ]),
  ].join("\n");
}

/** An ssh_config(5): each server by its name, through its bastion. Keys are the user's own. */
export const asSshConfig = (entries: readonly SshEntry[]): string =>
  entries
    .map(({ server, through }) => {
      const { name, address, publicAddress, sshUser } = server;
      const named = entries.some((entry) => entry.server === through);
      return [
        `Host ${name}`,
        `  HostName ${through ? address : (publicAddress ?? address)}`,
        ...(sshUser === undefined ? [] : [`  User ${sshUser}`]),
        ...(through ? [`  ProxyJump ${named ? through.name : placeOf(through)}`] : []),
        "",
      ].join("\n");
    })
    .join("\n");

/**
 * INI reads a value as a Python literal, and as text where it is none: what would be mistaken for another type is in
 * quotes. On a host's line the shell's rules of quoting come before that.
 */
function literal(value: unknown): string {
  if (value === null || value === undefined) return "None";
  if (typeof value === "boolean") return value ? "True" : "False";
  if (Array.isArray(value)) return `[${value.map(nested).join(", ")}]`;
  if (typeof value === "object")
    return `{${Object.entries(value)
      .map(([key, part]) => `${JSON.stringify(key)}: ${nested(part)}`)
      .join(", ")}}`;
  if (typeof value === "string") return plain.test(value) ? value : JSON.stringify(value);
  return String(value);
}

const nested = (value: unknown): string => (typeof value === "string" ? JSON.stringify(value) : literal(value));

/** Text that is no Python literal and needs no quotes. An address such as 10.0.0.1 is none either. */
const plain = /^(?!(?:True|False|None)$)(?:[A-Za-z/][\w./:@-]*|\d+\.\d+\.\d+\.\d+)$/;

const shellQuoted = (text: string): string => (/[\s"'#]/.test(text) ? `'${text.replaceAll("'", `'"'"'`)}'` : text);

const onHostLine = (vars: Variables): string[] =>
  Object.entries(vars).map(([name, value]) => `${name}=${shellQuoted(literal(value))}`);

const inVarsSection = (vars: Variables): string[] =>
  Object.entries(vars).map(([name, value]) => `${name}=${literal(value)}`);
