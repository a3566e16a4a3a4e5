import forge from "node-forge";

/** ASN.1 as node-forge holds it, made from and read as buffers. */
export type Asn1 = forge.asn1.Asn1;

const { Class, Type } = forge.asn1;

const universal = (type: forge.asn1.Type, bytes: Buffer): Asn1 =>
  forge.asn1.create(Class.UNIVERSAL, type, false, bytes.toString("latin1"));

export const sequence = (...members: Asn1[]): Asn1 => forge.asn1.create(Class.UNIVERSAL, Type.SEQUENCE, true, members);
export const integer = (bytes: Buffer): Asn1 => universal(Type.INTEGER, bytes);
export const octets = (bytes: Buffer): Asn1 => universal(Type.OCTETSTRING, bytes);
export const bits = (bytes: Buffer, unused = 0): Asn1 =>
  universal(Type.BITSTRING, Buffer.concat([Buffer.of(unused), bytes]));
export const boolean = (value: boolean): Asn1 => universal(Type.BOOLEAN, Buffer.of(value ? 0xff : 0));
export const nothing: Asn1 = universal(Type.NULL, Buffer.of());
export const oid = (dotted: string): Asn1 =>
  forge.asn1.create(Class.UNIVERSAL, Type.OID, false, forge.asn1.oidToDer(dotted).getBytes());

/** `[tag]`: around other values (EXPLICIT), or in the place of a value's own tag (IMPLICIT). */
export const explicit = (tag: number, value: Asn1): Asn1 =>
  forge.asn1.create(Class.CONTEXT_SPECIFIC, tag, true, [value]);
export const implicit = (tag: number, bytes: Buffer): Asn1 =>
  forge.asn1.create(Class.CONTEXT_SPECIFIC, tag, false, bytes.toString("latin1"));

/** RFC 5280 §4.1.2.5: UTCTime until 2049, GeneralizedTime after. */
export const time = (at: Date): Asn1 =>
  at.getUTCFullYear() < 2050
    ? forge.asn1.create(Class.UNIVERSAL, Type.UTCTIME, false, forge.asn1.dateToUtcTime(at))
    : forge.asn1.create(Class.UNIVERSAL, Type.GENERALIZEDTIME, false, forge.asn1.dateToGeneralizedTime(at));

/** A distinguished name, of attributes by their names in node-forge: `commonName`, `organizationName`. */
export const distinguishedName = (attributes: Readonly<Record<string, string>>): Asn1 =>
  forge.pki.distinguishedNameToAsn1({
    attributes: Object.entries(attributes).map(([name, value]) => ({
      type: forge.pki.oids[name] ?? name,
      value,
      valueTagClass: Type.UTF8 as unknown as forge.asn1.Class,
    })),
  });

/** Bit strings are left as they are, also those that hold DER. */
export const fromDer = (der: Buffer): Asn1 =>
  forge.asn1.fromDer(der.toString("latin1"), { decodeBitStrings: false } as never);

export const toDer = (value: Asn1): Buffer => Buffer.from(forge.asn1.toDer(value).getBytes(), "latin1");

/** What a sequence, a set or an explicit tag holds. */
export const members = (value: Asn1 | undefined): Asn1[] => (Array.isArray(value?.value) ? value.value : []);

/** The bytes of a value that is no list. */
export const content = (value: Asn1 | undefined): Buffer =>
  Buffer.from(typeof value?.value === "string" ? value.value : "", "latin1");

export const oidOf = (value: Asn1): string => forge.asn1.derToOid(content(value).toString("latin1"));

export const pem = (type: string, body: Asn1): string =>
  forge.pem.encode({ type, body: toDer(body).toString("latin1") }).replaceAll("\r\n", "\n");
