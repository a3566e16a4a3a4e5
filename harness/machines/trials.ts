import { within } from "#harness/judging/within";
import type { Feature, FeatureReport } from "#harness/model/features";
import type { Shell } from "#harness/model/machines";

/** What a shell exits with when there is no such program. */
const notFound = 127;

/** What is done to see whether a feature is there: a line of shell in a network namespace of its own. */
export const trials = (disk: string): Readonly<Record<Exclude<Feature, "power-cut">, string>> => ({
  vxlan: "ip link add v0 type vxlan id 4096 dstport 4789 local 127.0.0.1 && ip link set v0 up",
  ipip: "ip link add t0 type ipip local 127.0.0.1 remote 127.0.0.2 && ip link set t0 up",
  ipset: "ipset create hardway hash:ip,port && ipset add hardway 192.0.2.1,tcp:80",
  ipvs: "genl ctrl get name IPVS",
  nf_tables: "nft 'add table inet hardway; add chain inet hardway c { type filter hook input priority 0; }'",
  iptables: "iptables -t nat -A POSTROUTING -m comment --comment hardway -j MASQUERADE",
  overlay: `cd "$(mktemp -d -p ${disk})" && trap 'rm -r "$PWD"' EXIT && mkdir l u w m && mount -t overlay -o lowerdir=l,upperdir=u,workdir=w overlay m && umount m`,
  netem: "tc qdisc add dev lo root netem delay 1ms",
  wireguard: "ip link add w0 type wireguard",
  "ecmp-l4-hash":
    "echo 3 > /proc/sys/net/ipv4/fib_multipath_hash_policy && echo 55 > /proc/sys/net/ipv4/fib_multipath_hash_fields && ip link add e0 type veth peer name e1 && ip link set e1 up && ip link set e0 up && ip addr add 192.0.2.1/24 dev e0 && ip route add 198.51.100.0/24 nexthop via 192.0.2.2 nexthop via 192.0.2.3",
  // struct tcp_md5sig of include/uapi/linux/tcp.h; option 14 of level 6.
  "tcp-md5": `perl -MSocket -e 'socket(S, PF_INET, SOCK_STREAM, 0) or die $!; setsockopt(S, 6, 14, pack("a128 C C S l a80", pack_sockaddr_in(0, inet_aton("127.0.0.1")), 0, 0, 3, 0, "key")) or die "setsockopt TCP_MD5SIG: $!\\n"'`,
});

export interface Tried extends FeatureReport {
  readonly exitCode: number;
}

/**
 * Tries each feature for real on a machine, power cuts apart; about a second. Nothing of it stays: it happens in network
 * namespaces that end with it, and in a folder of `disk` that is removed.
 */
export function tryFeatures(sh: Shell, disk: string): Promise<Tried[]> {
  const trial = async ([feature, how]: [string, string]): Promise<Tried> => {
    const { exitCode, stdout, stderr } = await sh(["unshare", "-n", "/bin/sh", "-c", how], {
      ok: "any",
      within: within.oneLook.within,
    });
    return triedOf(feature as Feature, how, exitCode, stderr || stdout);
  };
  return Promise.all(Object.entries(trials(disk)).map(trial));
}

/** What a trial tells that ended so. */
export function triedOf(feature: Feature, how: string, exitCode: number, said: string): Tried {
  const present = exitCode === 0;
  return { feature, present, how, exitCode, ...(!present && { seen: said.trim() || `exit code ${exitCode}` }) };
}

/** Whether a feature could not be tried, for want of a program. */
export const lacksProgram = ({ exitCode }: Tried): boolean => exitCode === notFound;
