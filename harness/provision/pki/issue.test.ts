import { createPrivateKey, createPublicKey, X509Certificate } from "node:crypto";
import { expect, test } from "vitest";
import type { CsrTable, KeyKind } from "#harness/model/pki";
import { issue, serviceAccountKeys } from "./issue.ts";

const pki = (key: KeyKind): CsrTable => [
  {
    name: "worker-0",
    signer: "ca",
    commonName: "system:node:worker-0",
    organization: "system:nodes",
    dnsNames: ["worker-0"],
    addresses: ["10.240.0.20"],
    usages: ["server", "client"],
    validFor: "24h",
    key,
  },
  { name: "ca", authority: true, commonName: "Kubernetes", validFor: "8760h", key },
];

const certificate = (pem?: string) => new X509Certificate(pem ?? "");

test.each<KeyKind>(["RSA-2048", "ECDSA-P256", "ECDSA-P384"])("a %s pair is what its row says", async (kind) => {
  const issued = await issue(pki(kind));
  const [ca, leaf] = [certificate(issued.get("ca")?.certificate), certificate(issued.get("worker-0")?.certificate)];
  expect([...issued.keys()].sort()).toEqual(["ca", "worker-0"]);
  expect([ca.ca, leaf.ca]).toEqual([true, false]);
  expect(leaf.subject).toBe("O=system:nodes\nCN=system:node:worker-0");
  expect(leaf.subjectAltName).toBe("DNS:worker-0, IP Address:10.240.0.20");
  expect(leaf.keyUsage).toEqual(["1.3.6.1.5.5.7.3.1", "1.3.6.1.5.5.7.3.2"]);
  expect(leaf.checkIssued(ca) && leaf.verify(ca.publicKey) && ca.verify(ca.publicKey)).toBe(true);
  expect(leaf.checkPrivateKey(createPrivateKey(issued.get("worker-0")?.key ?? ""))).toBe(true);
  expect(leaf.validFromDate.getTime()).toBeLessThan(Date.now() - 4 * 60_000);
  expect((leaf.validToDate.getTime() - Date.now()) / 3_600_000).toBeCloseTo(24, 1);
  expect(BigInt(`0x${leaf.serialNumber}`)).toBeGreaterThan(0n);
  expect(leaf.serialNumber.length / 2).toBeLessThanOrEqual(20);
  expect(leaf.serialNumber).not.toBe(ca.serialNumber);
});

test("a row may be signed by an authority that was there before, also by one with another kind of key", async () => {
  const there = await issue([
    { name: "root", authority: true, commonName: "root", validFor: "24h", key: "ECDSA-P384" },
  ]);
  const late = await issue(
    [{ name: "late", signer: "root", commonName: "late", usages: ["client"], validFor: "1h", key: "RSA-2048" }],
    there,
  );
  const root = certificate(there.get("root")?.certificate);
  expect([...late.keys()]).toEqual(["late"]);
  expect(certificate(late.get("late")?.certificate).verify(root.publicKey)).toBe(true);
});

test("a certificate that must be refused can be made: expired, or not yet valid", async () => {
  const row = { signer: "ca", commonName: "eve", usages: ["client"], validFor: "24h", key: "ECDSA-P256" } as const;
  const issued = await issue([
    ...pki("ECDSA-P256"),
    { ...row, name: "expired", validFrom: "2020-01-01T00:00:00Z" },
    { ...row, name: "early", validFrom: "2060-01-01T00:00:00Z" },
  ]);
  const lifetime = ({ validFrom, validTo }: X509Certificate) => [validFrom, validTo];
  expect(lifetime(certificate(issued.get("expired")?.certificate))).toEqual([
    "Jan  1 00:00:00 2020 GMT",
    "Jan  2 00:00:00 2020 GMT",
  ]);
  expect(lifetime(certificate(issued.get("early")?.certificate))).toEqual([
    "Jan  1 00:00:00 2060 GMT",
    "Jan  2 00:00:00 2060 GMT",
  ]);
});

test("rows that sign each other, or are signed by nobody, are told", async () => {
  const row = { authority: true, commonName: "x", validFor: "1h", key: "ECDSA-P256" } as const;
  const circle = [
    { ...row, name: "a", signer: "b" },
    { ...row, name: "b", signer: "a" },
    { ...row, name: "c", signer: "nobody" },
  ];
  await expect(issue(circle)).rejects.toThrow(
    [
      "the table of certificates is misdeclared:",
      "  - a: b, which should sign it, never comes",
      "  - b: a, which should sign it, never comes",
      "  - c: nobody, which should sign it, never comes",
    ].join("\n"),
  );
});

test("service-account keys belong together, in the forms that the API server and the controller-manager read", async () => {
  for (const [kind, form] of [
    ["RSA-2048", "BEGIN RSA PRIVATE KEY"],
    ["ECDSA-P256", "BEGIN EC PRIVATE KEY"],
  ] as const) {
    const { privateKey, publicKey } = await serviceAccountKeys(kind);
    expect(privateKey).toContain(form);
    expect(createPublicKey(privateKey).export({ type: "spki", format: "pem" })).toBe(publicKey);
  }
});
