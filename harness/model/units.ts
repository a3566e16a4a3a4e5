/** A length of time as people write it: `"250ms"`, `"10s"`, `"2m"`, `"8h"`. Parsed by `ms()` in `#harness/judging/duration`. */
export type Duration = `${number}${"ms" | "s" | "m" | "h"}`;

/** An IPv4 network with its prefix length, such as `"172.17.0.0/24"`. */
export type Cidr = `${string}/${number}`;

/** An IPv4 address without prefix length. */
export type Address = string;

/** A release without a leading v, such as `"1.36.3"`. */
export type Version = string;

/** Files to put on a machine: absolute path to contents. A `string` value is mode 0644, owned by root. */
export type FileTree = Readonly<Record<string, string | FileSpec>>;

export interface FileSpec {
  readonly content: string | Uint8Array;
  /** Permission bits, e.g. `0o600`. Default 0644. */
  readonly mode?: number;
  /** Numeric or named owner, `user` or `user:group`. Default root. */
  readonly owner?: string;
}
