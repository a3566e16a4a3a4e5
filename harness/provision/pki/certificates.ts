import { randomBytes } from "node:crypto";
import forge from "node-forge";
import { ms } from "../../judging/duration.ts";
import type { Duration } from "../../model/units.ts";

/** A certificate and its RSA key of 2048 bits, both in PEM; the key as PKCS #1. */
export interface Identity {
  readonly certificate: string;
  readonly key: string;
}

export interface Subject {
  readonly commonName: string;
  readonly organization?: string;
  /** Subject alternative names. */
  readonly dnsNames?: readonly string[];
  readonly validFor: Duration;
}

/** A certificate authority, self-signed. */
export function authority(subject: Subject): Identity {
  return certify(subject, undefined, [
    { name: "basicConstraints", cA: true, critical: true },
    { name: "keyUsage", digitalSignature: true, keyEncipherment: true, keyCertSign: true, critical: true },
  ]);
}

/** A certificate for a TLS server, signed by an authority. */
export function serverCertificate(subject: Subject, ca: Identity): Identity {
  return certify(subject, ca, [
    { name: "basicConstraints", cA: false, critical: true },
    { name: "keyUsage", digitalSignature: true, keyEncipherment: true, critical: true },
    { name: "extKeyUsage", serverAuth: true },
  ]);
}

function certify(subject: Subject, ca: Identity | undefined, extensions: readonly object[]): Identity {
  const { privateKey, publicKey } = forge.pki.rsa.generateKeyPair(2048);
  const certificate = forge.pki.createCertificate();
  const names = [
    { name: "commonName", value: subject.commonName },
    ...(subject.organization === undefined ? [] : [{ name: "organizationName", value: subject.organization }]),
  ];
  certificate.publicKey = publicKey;
  // RFC 5280 §4.1.2.2: positive, and never the same twice from one authority.
  certificate.serialNumber = `00${randomBytes(16).toString("hex")}`;
  // Clocks of the lab's machines are this computer's, but a certificate should not depend on it to the second.
  certificate.validity.notBefore = new Date(Date.now() - ms("5m"));
  certificate.validity.notAfter = new Date(Date.now() + ms(subject.validFor));
  certificate.setSubject(names);
  certificate.setIssuer(ca ? forge.pki.certificateFromPem(ca.certificate).subject.attributes : names);
  certificate.setExtensions([
    ...extensions,
    ...(subject.dnsNames
      ? [{ name: "subjectAltName", altNames: subject.dnsNames.map((value) => ({ type: 2, value })) }]
      : []),
  ]);
  certificate.sign(ca ? forge.pki.privateKeyFromPem(ca.key) : privateKey, forge.md.sha256.create());
  return { certificate: forge.pki.certificateToPem(certificate), key: forge.pki.privateKeyToPem(privateKey) };
}
