import { expect, test } from "vitest";
import { publishedSha256 } from "./checksums.ts";

const a = "a".repeat(64);
const b = "b".repeat(64);

test.each([
  ["the digest alone", `${a}\n`],
  ["the digest alone, without a line's end, in capitals", a.toUpperCase()],
  ["a list of sha256sum", `${b}  etcd-v3.6.16-linux-arm64.tar.gz\n${a}  etcd.tar.gz\n`],
  ["a list of binary files", `${b} *other\n${a} *etcd.tar.gz`],
  ["a list with paths and carriage returns", `${b}  ./release/other\r\n${a}  ./release/etcd.tar.gz\r\n`],
  ["a list of sha256sum --tag", `SHA256 (other) = ${b}\nSHA256 (etcd.tar.gz) = ${a}\n`],
  [
    "a signed list",
    `-----BEGIN PGP SIGNED MESSAGE-----\nHash: SHA256\n\n${a}  etcd.tar.gz\n-----BEGIN PGP SIGNATURE-----\n`,
  ],
])("reads %s", (_, text) => {
  expect(publishedSha256(text, "etcd.tar.gz")).toBe(a);
});

test.each([
  ["the digests of other files", `${b}  etcd.tar.gz.asc\n${b}  my-etcd.tar.gz\n`],
  ["a page of a proxy", "<!DOCTYPE html><html><body>Blocked</body></html>"],
  ["nothing", ""],
  ["a digest of another length", "a".repeat(40)],
  ["several digests without names", `${a}\n${b}\n`],
])("takes nothing from %s", (_, text) => {
  expect(publishedSha256(text, "etcd.tar.gz")).toBeUndefined();
});
