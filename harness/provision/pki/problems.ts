import { X509Certificate } from "node:crypto";
import ipaddr from "ipaddr.js";
import { ms } from "#harness/judging/duration";
import type { CertificateRequest, CsrTable, Identity, KeyKind } from "#harness/model/pki";

type Row = CertificateRequest;

/** What a row's signer is known to be. */
interface Signer {
  readonly authority: boolean;
  /** Milliseconds of the epoch; undefined when its row does not tell. */
  readonly ends: number | undefined;
}

const keyKinds: Record<KeyKind, true> = {
  "RSA-2048": true,
  "RSA-3072": true,
  "RSA-4096": true,
  "ECDSA-P256": true,
  "ECDSA-P384": true,
};
const usages = ["server", "client"];

/**
 * Every problem of a table of certificates, one sentence each; none when clusters can live with what `issue` makes of
 * it. `signers` are authorities that are there already, which rows may name as their signer.
 */
export function pkiProblems(table: CsrTable, signers: ReadonlyMap<string, Identity> = new Map()): string[] {
  const now = Date.now();
  const known = new Map<string, Signer>([
    ...[...signers].map(([name, { certificate }]) => [name, signerThere(certificate)] as const),
    ...table.map((row) => [row.name, { authority: row.authority === true, ends: endOf(row, now) }] as const),
  ]);
  return [
    ...nameProblems(table, signers),
    ...table.flatMap((row) =>
      [
        ...subjectProblems(row),
        ...signerProblems(row, known, now),
        ...usageProblems(row),
        ...alternativeNameProblems(row),
        ...lifetimeProblems(row, now),
        ...keyProblems(row),
      ].map((problem) => `${row.name}: ${problem}`),
    ),
    ...circles(table),
  ];
}

function signerThere(certificate: string): Signer {
  const { ca, validToDate } = new X509Certificate(certificate);
  return { authority: ca, ends: validToDate.getTime() };
}

function nameProblems(table: CsrTable, signers: ReadonlyMap<string, Identity>): string[] {
  const count = Map.groupBy(table, ({ name }) => name);
  return [...count].flatMap(([name, rows]) => [
    ...(name ? [] : ["a row has no name"]),
    ...(rows.length > 1 ? [`${name}: ${rows.length} rows have this name`] : []),
    ...(signers.has(name) ? [`${name}: an authority of this name is there already`] : []),
  ]);
}

/** RFC 5280, appendix A.1: ub-common-name and ub-organization-name. */
const longestName = 64;

function subjectProblems({ commonName, organization }: Row): string[] {
  return Object.entries({ commonName, ...(organization !== undefined && { organization }) }).flatMap(
    ([what, value]) => {
      if (!value?.trim()) return [`its ${what} is empty`];
      return value.length > longestName
        ? [`its ${what} has ${value.length} characters; X.509 allows ${longestName}`]
        : [];
    },
  );
}

function signerProblems(row: Row, known: ReadonlyMap<string, Signer>, now: number): string[] {
  if (row.signer === undefined) {
    return row.authority ? [] : ["it has no signer and is no authority: nobody would trust it"];
  }
  const signer = known.get(row.signer);
  if (!signer) return [`its signer ${row.signer} is no row of the table`];
  const ends = endOf(row, now);
  return [
    ...(signer.authority ? [] : [`its signer ${row.signer} is no authority`]),
    ...(ends !== undefined && signer.ends !== undefined && ends > signer.ends
      ? [
          `it would outlive its signer ${row.signer} by ${Math.ceil((ends - signer.ends) / 3_600_000)}h: nobody trusts it after ${instant(signer.ends)}`,
        ]
      : []),
  ];
}

/** A circle is told once, beginning with its first row. */
function circles(table: CsrTable): string[] {
  const signerOf = new Map(table.map(({ name, signer }) => [name, signer]));
  const told = new Set<string>();
  return table.flatMap(({ name }) => {
    const chain = [name];
    for (let at = signerOf.get(name); at !== undefined && !chain.includes(at); at = signerOf.get(at)) chain.push(at);
    if (signerOf.get(chain.at(-1) ?? "") !== name || told.has(name)) return [];
    for (const member of chain) told.add(member);
    return [`${chain.join(" is signed by ")} is signed by ${name}: none of them can be made first`];
  });
}

function usageProblems(row: Row): string[] {
  if (row.authority) return row.usages?.length ? ["it is an authority, which has no usages of its own"] : [];
  if (!row.usages?.length) return ["it has no usages: neither servers nor clients may use it"];
  return row.usages
    .filter((usage) => !usages.includes(usage))
    .map((usage) => `its usage ${JSON.stringify(usage)} is not known; there are ${usages.join(" and ")}`);
}

/** RFC 1123 §2.1, and RFC 6125 §6.4.3: an asterisk is the whole leftmost label. */
const dnsName = /^(?=.{1,253}$)(\*\.)?([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)*[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/i;

function alternativeNameProblems({ dnsNames = [], addresses = [], usages, authority }: Row): string[] {
  return [
    ...(!authority && usages?.includes("server") && dnsNames.length + addresses.length === 0
      ? ["it is for a server, but has no SAN: clients accept none that lacks their name or address of the server"]
      : []),
    ...addresses
      .filter((address) => !isAddress(address))
      .map((address) => `its address ${JSON.stringify(address)} is not an IP address`),
    ...dnsNames.flatMap((name) => {
      if (isAddress(name)) return [`its DNS name ${name} is an address, and would be compared with names only`];
      return dnsName.test(name) ? [] : [`its DNS name ${JSON.stringify(name)} is not a DNS name`];
    }),
  ];
}

const isAddress = (text: string): boolean => ipaddr.IPv4.isValidFourPartDecimal(text) || ipaddr.IPv6.isValid(text);

function lifetimeProblems(row: Row, now: number): string[] {
  const [begins, length, ends] = [beginOf(row, now), lengthOf(row), endOf(row, now)];
  return [
    ...(begins === undefined
      ? [`its validFrom ${JSON.stringify(row.validFrom)} is not an instant such as "2026-11-20T12:00:00Z"`]
      : []),
    ...(length === undefined
      ? [`its validFor ${JSON.stringify(row.validFor)} is not a length of time such as "8760h"`]
      : []),
    ...(length === 0 ? ["its validFor is zero: it would never be valid"] : []),
    ...(length && ends !== undefined && ends <= now ? [`it expired at ${instant(ends)}`] : []),
    ...(begins !== undefined && begins > now ? [`it is not valid before ${instant(begins)}`] : []),
    ...(ends !== undefined && ends > lastInstant ? ["it is valid beyond the year 9999, which X.509 cannot say"] : []),
  ];
}

/** RFC 5280 §4.1.2.5. */
const lastInstant = Date.parse("9999-12-31T23:59:59Z");

function beginOf({ validFrom }: Row, now: number): number | undefined {
  const begins = validFrom === undefined ? now : Date.parse(validFrom);
  return Number.isNaN(begins) ? undefined : begins;
}

function lengthOf({ validFor }: Row): number | undefined {
  try {
    return ms(validFor);
  } catch {
    return undefined;
  }
}

function endOf(row: Row, now: number): number | undefined {
  const [begins, length] = [beginOf(row, now), lengthOf(row)];
  return begins === undefined || length === undefined ? undefined : begins + length;
}

const instant = (at: number): string =>
  at > lastInstant ? "the year 9999" : new Date(at).toISOString().replace(/\.\d+/, "");

function keyProblems({ key }: Row): string[] {
  if (Object.hasOwn(keyKinds, key)) return [];
  const [, family = "", size] = /^(RSA|ECDSA)-P?(\d+)$/.exec(key) ?? [];
  const least = { RSA: 2048, ECDSA: 256 }[family];
  if (least !== undefined && Number(size) < least) {
    return [`its key ${key} is too small: ${family} keys have ${least} bits at least`];
  }
  return [`its key ${JSON.stringify(key)} is of no known kind; there are ${Object.keys(keyKinds).join(", ")}`];
}
