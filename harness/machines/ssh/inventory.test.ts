import { expect, test } from "vitest";
import { readInventory } from "./inventory.ts";

const key = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIFbC4BhEX6nMEUhSTPzHqmG2xQxFZ7J0g4mcGv1kVx5S";
const fingerprint = "SHA256:KDpVSMyqNGIpsDqqjiXEMEkjFOQUQVzDeZcaGAjZ3Sg";

test("machines have what the defaults say, unless they say otherwise", () => {
  const text = `
defaults: { user: debian, identityFile: keys/lab }
machines:
  jump: { address: 203.0.113.7, port: 2222, hostKeys: "${fingerprint}" }
  k8s-node-01: { address: 192.0.2.11, bastion: jump, user: root, hostKeys: ["${key}", "${fingerprint}"] }
`;
  expect([...readInventory(text, "/home/me/inventory.yaml").values()]).toEqual([
    {
      name: "jump",
      address: "203.0.113.7",
      port: 2222,
      user: "debian",
      identityFile: "/home/me/keys/lab",
      hostKeys: [fingerprint],
    },
    {
      name: "k8s-node-01",
      address: "192.0.2.11",
      port: 22,
      user: "root",
      identityFile: "/home/me/keys/lab",
      hostKeys: [key, fingerprint],
      bastion: "jump",
    },
  ]);
});

test("everything that is wrong is told at once", () => {
  const text = `
groups: {}
defaults: { identityFile: ~/.ssh/id_ed25519 }
machines:
  a: { hostKeys: "${key}" }
  b: { address: 192.0.2.12, hostKeys: any, port: 70000, colour: blue }
  c: { address: 192.0.2.13, bastion: nobody }
  d: { address: 192.0.2.14, hostKeys: "${key}", bastion: e }
  e: { address: 192.0.2.15, hostKeys: "${key}", bastion: d }
  f: { hostKeys: "${key}", bastion: a, proxyCommand: "nc f 22", identityFile: 7 }
  g: { hostKeys: [], proxyCommand: "ssh -W %h:%p jump" }
`;
  expect(() => readInventory(text, "inventory.yaml")).toThrowErrorMatchingInlineSnapshot(`
    [Misdeclared: inventory.yaml is misdeclared:
      - groups: there is no such part; there are machines and defaults
      - a: it has no address
      - b: colour: there is no such field; there are address, port, user, identityFile, hostKeys, bastion, proxyCommand
      - b: port 70000 is none
      - b: "any" is neither a host key (ssh-ed25519 AAAA…) nor a fingerprint (SHA256:…)
      - c: it has no hostKeys, by which it is known again: \`ssh-keyscan <address>\` shows them, from where you trust the way
      - c: its bastion "nobody" is no other machine of the inventory
      - f: it has no identityFile, the private key that it lets in
      - f: it has a bastion and a proxyCommand: it can have one
      - g: it has no hostKeys, by which it is known again: \`ssh-keyscan <address>\` shows them, from where you trust the way
      - g: its proxyCommand has tokens such as %h, which are not replaced here: write address, port and user out
      - d: its bastions lead back to itself: d → e → d
      - e: its bastions lead back to itself: e → d → e]
  `);
});

test.each([
  ["machines: [", "it is neither YAML nor JSON"],
  ["- a", "it lists no machines"],
  ["", "it lists no machines"],
  ["machines: {}", "it lists no machines"],
])("%j is no inventory", (text, problem) => {
  expect(() => readInventory(text, "inventory.yaml")).toThrow(problem);
});
