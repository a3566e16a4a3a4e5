/**
 * What a host must be able to do. `survey` tries each for real; a scenario that needs a missing one is `unsupported`.
 * Each is something that a network namespace or a machine of the container backend can be made to do.
 */
export type Feature =
  | "vxlan"
  | "ipip"
  | "ipset"
  | "ipvs"
  | "nf_tables"
  | "iptables"
  | "overlay"
  | "netem"
  | "wireguard"
  | "ecmp-l4-hash"
  | "tcp-md5"
  | "power-cut";

/** The result of trying one feature: `how` says what was tried, `seen` what came back when it failed. */
export interface FeatureReport {
  readonly feature: Feature;
  readonly present: boolean;
  readonly how: string;
  readonly seen?: string;
}

export type Features = ReadonlyMap<Feature, FeatureReport>;
