import type { Address, Duration } from "./units.ts";

export type KeyKind = "RSA-2048" | "RSA-3072" | "RSA-4096" | "ECDSA-P256" | "ECDSA-P384";

/** One row of a table of certificates to be made. */
export interface CertificateRequest {
  /** What other rows and the caller call it: "ca", "kubernetes". */
  readonly name: string;
  /** The row, an authority, that signs it. Without one it is self-signed. */
  readonly signer?: string;
  /** It may sign others. */
  readonly authority?: true;
  /** To Kubernetes, the user name. */
  readonly commonName: string;
  /** To Kubernetes, the group. */
  readonly organization?: string;
  /** Subject alternative names. */
  readonly dnsNames?: readonly string[];
  readonly addresses?: readonly Address[];
  /** Extended key usages, of those that are no authority. */
  readonly usages?: readonly ("server" | "client")[];
  /** An instant as ISO 8601 writes it: "2026-11-20T12:00:00Z". Default: a few minutes ago. */
  readonly validFrom?: string;
  /** From now, or from `validFrom`. */
  readonly validFor: Duration;
  readonly key: KeyKind;
}

/** Certificates to be made, in any order. */
export type CsrTable = readonly CertificateRequest[];

/** A certificate and its key, both PEM. */
export interface Identity {
  readonly certificate: string;
  readonly key: string;
}
