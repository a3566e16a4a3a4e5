import type { ResolvedInterface, ResolvedNode, ResolvedTopology } from "#harness/model/topology";
import { about } from "./about.ts";

/**
 * The topology for a terminal: a segment is a line down the page, a machine a row that hangs on the segments it is on.
 * Addresses are shortened to what follows the segment's prefix.
 */
export function pictureText(topology: ResolvedTopology): string {
  const names = topology.segments.map((segment) => segment.name);
  const rows = topology.nodes
    .map((node) => ({ node, ports: portsOf(node, names) }))
    .filter((row) => row.ports.length > 0);

  const widths = topology.segments.map(({ name, cidr }, column) => {
    const texts = rows.flatMap(({ node, ports }) => {
      if (ports.length > 1)
        return [wire(node, ports, column), ports[0]?.column === column ? remark(node, topology) : ""];
      return ports[0]?.column === column && column < names.length - 1 ? [`${single(node, ports, topology)} `] : [];
    });
    return Math.max(...[name, cidr].map((text) => text.length + 2), ...texts.map((text) => text.length));
  });

  const line = (cell: (column: number) => readonly [mark: string, text: string, fill?: string]): string =>
    names
      .map((_, column) => {
        const [mark, text, fill = " "] = cell(column);
        return mark + text.padEnd(widths[column] ?? 0, fill);
      })
      .join("")
      .trimEnd();

  const bus = line(() => ["┃", ""]);
  const head = [
    names
      .map((name, column) => name.padEnd((widths[column] ?? 0) + 1))
      .join("")
      .trimEnd(),
    topology.segments
      .map(({ cidr }, column) => cidr.padEnd((widths[column] ?? 0) + 1))
      .join("")
      .trimEnd(),
  ];
  const body = rows.flatMap(({ node, ports }) => {
    const first = ports[0]?.column ?? 0;
    const last = ports.at(-1)?.column ?? 0;
    if (first === last)
      return [line((column) => (column === first ? ["┣", single(node, ports, topology)] : ["┃", ""]))];
    const spanning = line((column) => {
      const attached = ports.some((port) => port.column === column);
      if (column < first || column > last) return ["┃", ""];
      if (column === last) return ["┫", ""];
      if (!attached) return ["╂", "", "─"];
      return [column === first ? "┣" : "╋", wire(node, ports, column), "─"];
    });
    return [bus, spanning, line((column) => ["┃", column === first ? remark(node, topology) : ""]), bus];
  });
  const lines = [...head, bus, ...body].filter((text, index, all) => text !== bus || all[index - 1] !== bus);
  if (lines.at(-1) === bus) lines.pop();
  return `${lines.join("\n")}\n`;
}

interface Port {
  readonly column: number;
  readonly at: ResolvedInterface;
}

function portsOf(node: ResolvedNode, segments: readonly string[]): readonly Port[] {
  return node.interfaces
    .map((at) => ({ column: segments.indexOf(at.segment), at }))
    .sort((a, b) => a.column - b.column);
}

function single(node: ResolvedNode, ports: readonly Port[], topology: ResolvedTopology): string {
  const [port] = ports;
  return `─ ${node.name} ${port ? host(port.at) : ""}  ${about(node, topology).join(", ")}`;
}

function remark(node: ResolvedNode, topology: ResolvedTopology): string {
  return `   ${about(node, topology).join(", ")}  `;
}

/** What stands on the wire between one segment of a machine and the next. */
function wire(node: ResolvedNode, ports: readonly Port[], column: number): string {
  const index = ports.findIndex((port) => port.column === column);
  const here = ports[index];
  const next = ports[index + 1];
  if (!here || !next) return "";
  return index === 0
    ? `─ ${host(here.at)} ${here.at.name} [ ${node.name} ] ${next.at.name} ${host(next.at)} ─`
    : `─ ${next.at.name} ${host(next.at)} ─`;
}

/** `.10` in a /24, `.0.10` in a /16. */
function host({ address, prefix }: ResolvedInterface): string {
  const octets = address.split(".").slice(Math.min(Math.floor(prefix / 8), 3));
  return `.${octets.join(".")}`;
}
