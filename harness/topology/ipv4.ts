import ipaddr from "ipaddr.js";
import type { Address, Cidr } from "#harness/model/units";

/** An IPv4 network as numbers. `first` is the network address, `last` the broadcast address. */
export interface Network {
  readonly cidr: Cidr;
  readonly first: number;
  readonly last: number;
  readonly prefix: number;
}

/** The address as an unsigned 32-bit number; undefined when it is not four decimal octets. */
export function parseAddress(text: string): number | undefined {
  if (!ipaddr.IPv4.isValidFourPartDecimal(text)) return undefined;
  return ipaddr.IPv4.parse(text).octets.reduce((number, octet) => number * 256 + octet, 0);
}

export function formatAddress(number: number): Address {
  return [24, 16, 8, 0].map((shift) => (number >>> shift) & 255).join(".");
}

/** The network that a CIDR names, or a sentence that says what is wrong with it. */
export function parseNetwork(cidr: string): Network | string {
  const [addressText = "", prefixText, ...rest] = cidr.split("/");
  const address = parseAddress(addressText);
  if (address === undefined || prefixText === undefined || rest.length > 0 || !/^\d+$/.test(prefixText)) {
    return `${JSON.stringify(cidr)} is not an IPv4 network such as "172.17.0.0/24"`;
  }
  const prefix = Number(prefixText);
  if (prefix > 32) return `${cidr} has the prefix length ${prefix}; IPv4 has 0 to 32`;
  const size = 2 ** (32 - prefix);
  const first = Math.floor(address / size) * size;
  if (first !== address) return `${cidr} has host bits set; the network is ${formatAddress(first)}/${prefix}`;
  return { cidr: cidr as Cidr, first, last: first + size - 1, prefix };
}

export function contains(network: Network, address: number): boolean {
  return network.first <= address && address <= network.last;
}

/** What two networks have in common. Of two CIDRs that meet, one always lies in the other. */
export function common(a: Network, b: Network): Network | undefined {
  if (contains(a, b.first)) return b;
  return contains(b, a.first) ? a : undefined;
}
