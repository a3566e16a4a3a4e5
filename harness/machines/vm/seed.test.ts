import { expect, test } from "vitest";
import { resolve } from "#harness/topology/resolve";
import { seedOf } from "./seed.ts";

const topology = resolve({
  segments: { lan: "192.168.0.0/24" },
  nodes: {
    "cp-1": {
      machine: "vm",
      role: "control-plane",
      on: [{ segment: "lan", address: "192.168.0.11", name: "ens3" }],
      via: "rt-1",
      sysctls: { "net.ipv4.conf.default.rp_filter": "0", "net.ipv4.conf.ens3.proxy_arp": "1" },
    },
    "rt-1": {
      machine: "vm",
      role: "host",
      on: [{ segment: "lan", address: "192.168.0.200" }],
      sysctls: { "net.ipv4.ip_forward": "1" },
    },
  },
});
const keys = {
  root: { private: "PRIVATE ROOT", public: "ssh-ed25519 ROOT" },
  host: { private: "PRIVATE HOST", public: "ssh-ed25519 HOST" },
};
const seed = (name: string) => {
  const node = topology.nodes.find((candidate) => candidate.name === name);
  if (!node) throw new Error(name);
  return seedOf(node, topology, "run-1", keys);
};

test("a guest knows its name, its lab and who may enter, and not the key by which they do", () => {
  const files = seed("cp-1");
  expect(files["/etc/hostname"]).toBe("cp-1\n");
  expect(files["/etc/hosts"]).toContain("192.168.0.11\tcp-1\n192.168.0.200\trt-1\n");
  expect(files["/root/.ssh/authorized_keys"]).toEqual({ content: "ssh-ed25519 ROOT\n", mode: 0o600 });
  expect(files["/etc/ssh/ssh_host_ed25519_key"]).toEqual({ content: "PRIVATE HOST", mode: 0o600 });
  expect(JSON.stringify(files)).not.toContain("PRIVATE ROOT");
  expect(files["/etc/machine-id"]).toMatch(/^[0-9a-f]{32}\n$/);
  expect(files["/etc/machine-id"]).not.toBe(seed("rt-1")["/etc/machine-id"]);
});

test("its interfaces are what the topology says, and containerd starts on machines of the cluster only", () => {
  const script = seed("cp-1")["/etc/hardway/guest"] as string;
  const { mac } = topology.nodes[0]?.interfaces[0] ?? {};
  expect(script).toContain(`name ${mac} ens3`);
  expect(script).toContain("addr add 192.168.0.11/24 broadcast + dev ens3");
  expect(script).toContain("route add default via 192.168.0.200");
  expect(script).toContain("echo '0' > /proc/sys/net/ipv4/conf/ens3/rp_filter");
  expect(script).toContain("echo '1' > /proc/sys/net/ipv4/conf/ens3/proxy_arp");
  expect(script).toContain("mount --bind /var/lib/containerd");
  expect(seed("rt-1")["/etc/hardway/guest"]).not.toContain("containerd");
});
