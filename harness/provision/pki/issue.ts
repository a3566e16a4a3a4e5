import {
  createHash,
  createPrivateKey,
  createPublicKey,
  generateKeyPair,
  type KeyObject,
  randomBytes,
  sign,
  X509Certificate,
} from "node:crypto";
import { promisify } from "node:util";
import ip from "ipaddr.js";
import { ms } from "#harness/judging/duration";
import { Misdeclared } from "#harness/model/errors";
import type { CertificateRequest, CsrTable, Identity, KeyKind } from "#harness/model/pki";
import {
  type Asn1,
  bits,
  boolean,
  content,
  distinguishedName,
  explicit,
  fromDer,
  implicit,
  integer,
  members,
  nothing,
  octets,
  oid,
  oidOf,
  pem,
  sequence,
  time,
  toDer,
} from "./der.ts";

/**
 * Makes the keys and certificates of a table, by the names of its rows. `signers` are authorities that were there
 * before, which rows may name as their signer. Keys are PKCS #1 (RSA) or SEC 1 (ECDSA), as kubeadm writes them.
 * What a table should ask for is for `pkiProblems` to say: a certificate that has expired is made for who needs one.
 * Throws `Misdeclared` for rows whose signer never comes to be.
 */
export async function issue(
  table: CsrTable,
  signers: ReadonlyMap<string, Identity> = new Map(),
): Promise<ReadonlyMap<string, Identity>> {
  const keys = new Map(await Promise.all(table.map(async (row) => [row, await keyPair(row.key)] as const)));
  const issued = new Map<string, Identity>();
  const now = Date.now();
  const signerOf = ({ signer = "" }: CertificateRequest) => issued.get(signer) ?? signers.get(signer);
  while (keys.size > 0) {
    const ready = [...keys].filter(([row]) => row.signer === undefined || signerOf(row));
    if (ready.length === 0) {
      const without = [...keys.keys()].map(
        ({ name, signer }) => `${name}: ${signer}, which should sign it, never comes`,
      );
      throw new Misdeclared("the table of certificates", without);
    }
    for (const [row, pair] of ready) {
      issued.set(row.name, { certificate: certificate(row, pair, signerOf(row), now), key: keyPem(pair.privateKey) });
      keys.delete(row);
    }
  }
  return issued;
}

/** The keys that ServiceAccount tokens are signed and verified with, in PEM. */
export async function serviceAccountKeys(kind: KeyKind): Promise<{ privateKey: string; publicKey: string }> {
  const { privateKey, publicKey } = await keyPair(kind);
  return { privateKey: keyPem(privateKey), publicKey: publicKey.export({ type: "spki", format: "pem" }).toString() };
}

interface KeyPair {
  readonly publicKey: KeyObject;
  readonly privateKey: KeyObject;
}

/** Made in a thread of its own, so that several are made at once. */
function keyPair(kind: KeyKind): Promise<KeyPair> {
  const [family, size = ""] = kind.split("-");
  return family === "RSA"
    ? promisify(generateKeyPair)("rsa", { modulusLength: Number(size) })
    : promisify(generateKeyPair)("ec", { namedCurve: size.replace("P", "P-") });
}

const keyPem = (key: KeyObject): string =>
  key.export({ type: key.asymmetricKeyType === "rsa" ? "pkcs1" : "sec1", format: "pem" }).toString();

/** Clocks of the lab's machines are this computer's, but a certificate should not depend on it to the second. */
const leeway = ms("5m");

/** RFC 5280 §4.1. */
function certificate(row: CertificateRequest, pair: KeyPair, signer: Identity | undefined, now: number): string {
  const subject = distinguishedName({
    ...(row.organization !== undefined && { organizationName: row.organization }),
    commonName: row.commonName,
  });
  const keyId = keyIdOf(pair.publicKey);
  const issuer = signer ? issuerOf(signer) : { subject, keyId, key: pair.privateKey };
  const begins = row.validFrom === undefined ? now : Date.parse(row.validFrom);
  const notBefore = row.validFrom === undefined ? begins - leeway : begins;
  const { hash, algorithm } = signatureOf(issuer.key);
  const body = sequence(
    explicit(0, integer(Buffer.of(2))),
    integer(serialNumber()),
    algorithm,
    issuer.subject,
    sequence(time(new Date(notBefore)), time(new Date(begins + ms(row.validFor)))),
    subject,
    fromDer(pair.publicKey.export({ type: "spki", format: "der" })),
    explicit(3, sequence(...extensions(row, pair.publicKey, keyId, issuer.keyId))),
  );
  const signature = sign(hash, toDer(body), issuer.key);
  return pem("CERTIFICATE", sequence(body, algorithm, bits(signature)));
}

/** RFC 5280 §4.1.2.2: positive, 20 octets at most, and never the same twice from one authority. */
const serialNumber = (): Buffer => Buffer.concat([Buffer.of(1), randomBytes(16)]);

/** RFC 3279 §2.2.1 and RFC 5758 §3.2. */
function signatureOf(key: KeyObject): { hash: string; algorithm: Asn1 } {
  if (key.asymmetricKeyType === "rsa")
    return { hash: "sha256", algorithm: sequence(oid("1.2.840.113549.1.1.11"), nothing) };
  return key.asymmetricKeyDetails?.namedCurve === "secp384r1"
    ? { hash: "sha384", algorithm: sequence(oid("1.2.840.10045.4.3.3")) }
    : { hash: "sha256", algorithm: sequence(oid("1.2.840.10045.4.3.2")) };
}

/** RFC 5280 §4.2.1. */
function extensions(row: CertificateRequest, publicKey: KeyObject, keyId: Buffer, signerKeyId: Buffer): Asn1[] {
  const usages = row.usages?.map((usage) => oid(extendedUsage[usage])) ?? [];
  const names = [
    ...(row.dnsNames ?? []).map((name) => implicit(2, Buffer.from(name))),
    ...(row.addresses ?? []).map((address) => implicit(7, Buffer.from(ip.parse(address).toByteArray()))),
  ];
  return [
    extension("2.5.29.15", keyUsage(row, publicKey), "critical"),
    ...(usages.length > 0 ? [extension("2.5.29.37", sequence(...usages))] : []),
    extension("2.5.29.19", row.authority ? sequence(boolean(true)) : sequence(), "critical"),
    extension("2.5.29.14", octets(keyId)),
    extension("2.5.29.35", sequence(implicit(0, signerKeyId))),
    ...(names.length > 0 ? [extension("2.5.29.17", sequence(...names))] : []),
  ];
}

const extension = (id: string, value: Asn1, critical?: "critical"): Asn1 =>
  sequence(oid(id), ...(critical ? [boolean(true)] : []), octets(toDer(value)));

const extendedUsage = { server: "1.3.6.1.5.5.7.3.1", client: "1.3.6.1.5.5.7.3.2" };

/** An authority signs certificates and revocation lists; others sign handshakes, and RSA keys encipher too. */
function keyUsage({ authority }: CertificateRequest, { asymmetricKeyType }: KeyObject): Asn1 {
  if (authority) return bits(Buffer.of(0b00000110), 1);
  return asymmetricKeyType === "rsa" ? bits(Buffer.of(0b10100000), 5) : bits(Buffer.of(0b10000000), 7);
}

/** What a certificate repeats of its issuer's: the subject, to the byte, and the identifier of the key. */
function issuerOf(issuer: Identity): { subject: Asn1; keyId: Buffer; key: KeyObject } {
  const [body] = members(fromDer(new X509Certificate(issuer.certificate).raw));
  const [, , , , , subject = sequence(), , ...more] = members(body);
  const extensions = more.flatMap((tagged) => members(tagged)).flatMap((list) => members(list));
  const keyId = extensions
    .map((one) => members(one))
    .find(([id]) => id && oidOf(id) === "2.5.29.14")
    ?.at(-1);
  const key = createPrivateKey(issuer.key);
  return { subject, key, keyId: keyId ? content(fromDer(content(keyId))) : keyIdOf(createPublicKey(key)) };
}

/** RFC 5280 §4.2.1.2, method 1: SHA-1 of the public key, without its algorithm. */
function keyIdOf(publicKey: KeyObject): Buffer {
  const [, key] = members(fromDer(publicKey.export({ type: "spki", format: "der" })));
  return createHash("sha1").update(content(key).subarray(1)).digest();
}
