import { quoted } from "#harness/machines/quoted";
import { Misdeclared } from "#harness/model/errors";
import type { ResolvedInterface, ResolvedNode, ResolvedTopology } from "#harness/model/topology";

/** Names of the fabric's own devices: short, as the kernel allows 15 characters; their aliases say what they are. */
export interface Ports {
  bridge(segment: string): string;
  port(node: string, segment: string): string;
}

const index = <T>(list: readonly T[], what: string, is: (item: T) => boolean): number => {
  const found = list.findIndex(is);
  if (found < 0) throw new Misdeclared(`the fabric was asked for ${what}`, ["the topology has no such thing"]);
  return found;
};

export function portsOf(topology: ResolvedTopology): Ports {
  return {
    bridge: (segment) => `s${index(topology.segments, `segment ${segment}`, (s) => s.name === segment)}`,
    port(name, segment) {
      const n = index(topology.nodes, `node ${name}`, (node) => node.name === name);
      const i = index(
        topology.nodes[n]?.interfaces ?? [],
        `${name} on segment ${segment}`,
        (nic) => nic.segment === segment,
      );
      return `n${n}p${i}`;
    },
  };
}

const batch = (lines: readonly string[]): string => `ip -batch - <<'EOF'\n${lines.join("\n")}\nEOF`;

/**
 * inotify instances that one user may have, on the whole computer. Each systemd takes about four, and with a kubelet and
 * containerd a machine takes a dozen; of the kernel's default 128 two labs are too many, and systemd then exits at once.
 * ./bootstrap raises it too, to the same number.
 */
export const inotifyInstances = 1024;

export const inotifyLimit = "/proc/sys/fs/inotify/max_user_instances";

const inotifyScript = `had=$(cat ${inotifyLimit} || echo ${inotifyInstances})
[ $had -ge ${inotifyInstances} ] || ! echo ${inotifyInstances} > ${inotifyLimit} || echo "fs.inotify.max_user_instances of the engine's host raised from $had to ${inotifyInstances}"`;

/**
 * A shell script for the fabric's network namespace: one bridge per segment. They are switches and nothing more: no
 * address of any family, no spanning tree, forwarding from the first frame, frames kept from the packet filters.
 * It prints a line for each setting of the whole computer that it changed.
 */
export function segmentsScript(topology: ResolvedTopology): string {
  const ports = portsOf(topology);
  const lines = topology.segments.flatMap(({ name }) => {
    const bridge = ports.bridge(name);
    return [
      `link add ${bridge} mtu 1500 type bridge stp_state 0 forward_delay 0 mcast_snooping 0`,
      `link set ${bridge} alias ${name} up`,
    ];
  });
  return [
    "set -e",
    inotifyScript,
    "for family in all default; do echo 1 > /proc/sys/net/ipv6/conf/$family/disable_ipv6; done 2>/dev/null || true",
    "for nf in /proc/sys/net/bridge/bridge-nf-call-*; do [ ! -e $nf ] || echo 0 > $nf; done",
    batch(lines),
  ].join("\n");
}

/**
 * A machine as the fabric sees it: the process, in the fabric's PID namespace, whose network namespace gets the wires.
 * Of a node that is a VM that is its hull: it gets bare wires, and the guest does the rest (`guestNetwork`).
 */
export interface Socket {
  readonly node: ResolvedNode;
  readonly pid: number;
}

/** The far end of a VM's wire, in its hull. */
export const wireName = (index: number): string => `wire${index}`;

/** Whether a node has a kernel of its own, in a hull. */
export const isGuest = ({ machine }: ResolvedNode): boolean => machine === "vm";

/**
 * A shell script for the fabric's network namespace that plugs machines in: veth pairs, the near ends on the bridges,
 * the far ends named, addressed and routed as the topology says. `gate` is a pipe inside each machine that is written
 * to once its wires are there. Ports in `unplugged` stay down.
 */
export function plugScript(
  topology: ResolvedTopology,
  sockets: readonly Socket[],
  gate: string,
  unplugged: ReadonlySet<string> = new Set(),
): string {
  const ports = portsOf(topology);
  const script = ["set -e"];
  for (const { node } of sockets)
    for (const nic of node.interfaces)
      script.push(`ip link del ${ports.port(node.name, nic.segment)} 2>/dev/null || true`);
  for (const socket of sockets) if (!isGuest(socket.node)) script.push(inside(socket, sysctls(socket.node, "before")));
  script.push(
    batch(
      sockets.flatMap(({ node, pid }) =>
        node.interfaces.flatMap((nic, index) => {
          const port = ports.port(node.name, nic.segment);
          const peer = isGuest(node) ? wireName(index) : `${nic.name} address ${nic.mac}`;
          return [
            `link add ${port} mtu 1500 type veth peer name ${peer} mtu 1500 netns ${pid}`,
            `link set ${port} alias ${node.name}/${nic.name} master ${ports.bridge(nic.segment)} ${unplugged.has(port) ? "down" : "up"}`,
          ];
        }),
      ),
    ),
  );
  for (const socket of sockets) {
    const { node, pid } = socket;
    if (!isGuest(node)) script.push(inside(socket, [...sysctls(node, "after"), batch(addressing(node))]));
    const pipe = `/proc/${pid}/root${gate}`;
    script.push(`mkfifo ${pipe} 2>/dev/null || true`, `echo > ${pipe}`);
  }
  return script.filter((line) => line !== "").join("\n");
}

/**
 * Runs in the network namespace of a machine, which is named when that fails: of its own accord ip names none.
 * `/proc/sys/net` follows the namespace of who writes it.
 */
function inside({ node, pid }: Socket, lines: readonly string[]): string {
  if (lines.length === 0) return "";
  const named = `{ echo "node ${node.name}: its network could not be set up" >&2; exit 1; }`;
  return `nsenter -t ${pid} -n /bin/sh -e <<'MACHINE' || ${named}\n${lines.join("\n")}\nMACHINE`;
}

function addressing(node: ResolvedNode): string[] {
  const addresses = node.interfaces.flatMap((nic: ResolvedInterface) => [
    `addr add ${nic.address}/${nic.prefix} broadcast + dev ${nic.name}`,
    `link set ${nic.name} up`,
  ]);
  const routes = node.routes.map(({ to, via }) => `route add ${to} via ${via}`);
  return [...addresses, ...(node.gateway ? [`route add default via ${node.gateway}`] : []), ...routes];
}

/**
 * A shell script by which a guest makes its interfaces what those of a container of the same node are: known by their
 * MAC addresses, named, addressed and routed as the topology says.
 */
export function guestNetwork(node: ResolvedNode): string {
  return [
    "set -e",
    `name() {
  for file in /sys/class/net/*/address; do
    device=\${file%/address} device=\${device##*/}
    read -r mac <"$file"
    [ "$mac" != "$1" ] || [ $device = "$2" ] || ip link set $device name "$2"
  done
}`,
    ...node.interfaces.map(({ mac, name }) => `name ${mac} ${name}`),
    ...sysctls(node, "before").flatMap((line) => [line, ...ofEachInterface(line, node)]),
    ...sysctls(node, "after"),
    batch(["link set lo up", ...addressing(node)]),
  ].join("\n");
}

/** A container's interfaces take `default` when they are plugged in; those of a guest are there before it can be set. */
const ofEachInterface = (line: string, { interfaces }: ResolvedNode): string[] =>
  line.includes("/conf/default/") ? interfaces.map(({ name }) => line.replace("/default/", `/${name}/`)) : [];

const sysctlName = /^net\.[\w./-]+$/;

/**
 * Settings of a network namespace, as sysctl(8) names them. Those of one interface can only be set once it is there;
 * all others are set before, as interfaces copy `default` when they are made. A router forwards unless it says not to.
 */
function sysctls(node: ResolvedNode, when: "before" | "after"): string[] {
  const all = { ...(node.role === "router" && { "net.ipv4.ip_forward": "1" }), ...node.sysctls };
  const foreign = Object.keys(all).filter((name) => !sysctlName.test(name) || name.includes(".."));
  if (foreign.length > 0)
    throw new Misdeclared(
      `node ${node.name}`,
      foreign.map((name) => `sysctl ${name} is not of a network namespace (net.…); containers share all others`),
    );
  return Object.entries(all)
    .filter(([name]) => node.interfaces.some((nic) => name.includes(`.${nic.name}.`)) === (when === "after"))
    .map(([name, value]) => `echo ${quoted(value)} > /proc/sys/${name.replaceAll(".", "/")}`);
}

/** Lines for /etc/hosts of one machine: each other by the address on a common segment, else by its first. */
export function hostsOf(me: ResolvedNode, topology: ResolvedTopology): { name: string; address: string }[] {
  const mine = new Set(me.interfaces.map((nic) => nic.segment));
  return topology.nodes.flatMap((node) => {
    const nic = node.interfaces.find((candidate) => mine.has(candidate.segment)) ?? node.interfaces[0];
    return nic ? [{ name: node.name, address: nic.address }] : [];
  });
}
