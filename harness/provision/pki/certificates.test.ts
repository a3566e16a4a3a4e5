import { createPrivateKey, X509Certificate } from "node:crypto";
import { expect, test } from "vitest";
import { authority, serverCertificate } from "./certificates.ts";

test("a server's certificate is for its names, verifies against its authority and belongs to its key", () => {
  const ca = authority({ commonName: "lab CA", organization: "hardway", validFor: "8760h" });
  const web = serverCertificate({ commonName: "web", dnsNames: ["web.lab.svc"], validFor: "24h" }, ca);
  const [issuer, certificate] = [new X509Certificate(ca.certificate), new X509Certificate(web.certificate)];
  expect(issuer.ca).toBe(true);
  expect(issuer.subject).toBe("CN=lab CA\nO=hardway");
  expect(certificate.ca).toBe(false);
  expect(certificate.checkHost("web.lab.svc")).toBe("web.lab.svc");
  expect(certificate.checkHost("other.lab.svc")).toBeUndefined();
  expect(certificate.checkIssued(issuer) && certificate.verify(issuer.publicKey)).toBe(true);
  expect(certificate.checkPrivateKey(createPrivateKey(web.key))).toBe(true);
  expect(web.key).toContain("BEGIN RSA PRIVATE KEY");
  const hours = (Date.parse(certificate.validTo) - Date.now()) / 3_600_000;
  expect(hours).toBeCloseTo(24, 1);
});
