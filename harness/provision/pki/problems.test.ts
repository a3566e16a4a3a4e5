import { expect, test } from "vitest";
import { Misdeclared } from "#harness/model/errors";
import type { CertificateRequest, CsrTable, KeyKind } from "#harness/model/pki";
import type { Duration } from "#harness/model/units";
import { issue } from "./issue.ts";
import { pkiProblems } from "./problems.ts";

const ca: CertificateRequest = {
  name: "ca",
  authority: true,
  commonName: "Kubernetes",
  validFor: "8760h",
  key: "RSA-2048",
};
const admin: CertificateRequest = {
  name: "admin",
  signer: "ca",
  commonName: "admin",
  organization: "system:masters",
  usages: ["client"],
  validFor: "8760h",
  key: "ECDSA-P256",
};
const api: CertificateRequest = {
  ...admin,
  name: "kubernetes",
  commonName: "kubernetes",
  usages: ["server", "client"],
  dnsNames: ["kubernetes", "kubernetes.default.svc.cluster.local", "*.apps.example.com"],
  addresses: ["10.32.0.1", "fd00::1"],
};

test("a sound table has no problems, in any order, nor one whose authority is there already", async () => {
  expect(pkiProblems([api, admin, ca])).toEqual([]);
  expect(pkiProblems([{ ...admin, validFor: "1h" }], await issue([ca]))).toEqual([]);
});

test("all problems are told at once, as sentences that a stranger understands", async () => {
  const wrong: CsrTable = [
    { ...ca, name: "young", validFor: "24h" },
    { ...ca, name: "selfish", usages: ["server"] },
    { ...ca, name: "hen", signer: "egg" },
    { ...ca, name: "egg", signer: "hen" },
    { ...ca, name: "ouroboros", signer: "ouroboros" },
    ca,
    { ...admin, name: "twice" },
    { ...api, name: "twice" },
    { ...admin, name: "" },
    { ...admin, name: "nameless", commonName: " ", organization: "" },
    { ...admin, name: "long", commonName: "system:node:".padEnd(80, "x") },
    { ...admin, name: "orphan", signer: "cb" },
    { ...admin, name: "child", signer: "kubernetes" },
    api,
    (({ signer, ...row }) => ({ ...row, name: "alone" }))(admin),
    { ...admin, name: "useless", usages: [] },
    { ...admin, name: "odd", usages: ["client", "code signing" as "client"] },
    { ...admin, name: "hidden", usages: ["server"] },
    { ...api, name: "astray", addresses: ["10.32.0.256", "10.0.0.0/24"], dnsNames: ["10.32.0.1", "lb_0.", "a..b"] },
    { ...admin, name: "stillborn", validFor: "0s" },
    { ...admin, name: "backwards", validFor: "-24h" },
    { ...admin, name: "vague", validFor: "1 year" as Duration, validFrom: "next week" },
    { ...admin, name: "expired", validFrom: "2020-01-01T00:00:00Z" },
    { ...admin, name: "early", validFrom: "2999-01-01T00:00:00Z" },
    { ...admin, name: "survivor", signer: "young", validFor: "8760h" },
    { ...ca, name: "eternal", validFor: "87600000h" },
    { ...admin, name: "weak", key: "RSA-1024" as KeyKind },
    { ...admin, name: "weaker", key: "ECDSA-P192" as KeyKind },
    { ...admin, name: "strange", key: "DSA" as KeyKind },
  ];
  const { message } = new Misdeclared("the table of certificates", pkiProblems(wrong));
  const steady = message
    .replaceAll(/by \d{6,}h/g, "by <hours>h")
    .replaceAll(/(?<=trusts it after )[\d-]+T[\d:]+Z/g, "<time>");
  await expect(`${steady}\n`).toMatchFileSnapshot("testdata/misdeclared.golden.txt");
});

test("a table may not outlive, nor take the name of, an authority that is there already", async () => {
  const there = await issue([
    { ...ca, validFor: "2h" },
    { ...admin, validFor: "1h" },
  ]);
  const problems = pkiProblems(
    [
      { ...admin, validFor: "3h" },
      { ...api, validFor: "1h", signer: "admin" },
    ],
    there,
  );
  expect(problems).toEqual([
    "admin: an authority of this name is there already",
    expect.stringMatching(/^admin: it would outlive its signer ca by 2h: nobody trusts it after 20/),
    "kubernetes: its signer admin is no authority",
  ]);
});
