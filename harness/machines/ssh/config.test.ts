import { expect, test } from "vitest";
import { knownHostsText, type SshHost, sshConfigText } from "./config.ts";

const key = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIFbC4BhEX6nMEUhSTPzHqmG2xQxFZ7J0g4mcGv1kVx5S";

const hosts: readonly SshHost[] = [
  { name: "jump", address: "203.0.113.7", port: 2222, user: "debian", identityFile: "/k", hostKeys: ["SHA256:abc"] },
  {
    name: "k8s-node-01",
    address: "192.0.2.11",
    port: 22,
    user: "root",
    identityFile: "/k",
    proxyJump: "jump",
    hostKeys: [key],
  },
  { name: "k8s-node-02", user: "root", identityFile: "/my 100%/k", proxyCommand: "date +%s", hostKeys: [key] },
];

test("each machine by its name, known by its own keys alone; who is known by a fingerprint is asked about", () => {
  expect(sshConfigText(hosts, "/known hosts")).toMatchInlineSnapshot(`
    "Host jump
      HostName 203.0.113.7
      Port 2222
      User debian
      IdentityFile "/k"
      IdentitiesOnly yes
      HostKeyAlias jump
      UserKnownHostsFile "/known hosts"
      StrictHostKeyChecking ask

    Host k8s-node-01
      HostName 192.0.2.11
      Port 22
      User root
      IdentityFile "/k"
      IdentitiesOnly yes
      ProxyJump jump
      HostKeyAlias k8s-node-01
      UserKnownHostsFile "/known hosts"
      StrictHostKeyChecking yes

    Host k8s-node-02
      User root
      IdentityFile "/my 100%%/k"
      IdentitiesOnly yes
      ProxyCommand date +%%s
      HostKeyAlias k8s-node-02
      UserKnownHostsFile "/known hosts"
      StrictHostKeyChecking yes
    "
  `);
  expect(knownHostsText(hosts)).toBe(`k8s-node-01 ${key}\nk8s-node-02 ${key}\n`);
});
