import { expect, test } from "vitest";
import type { ResolvedNode } from "#harness/model/topology";
import { fitProblems, type OwnNetwork } from "./fit.ts";

const node: ResolvedNode = {
  name: "k8s-worker-31",
  role: "worker",
  interfaces: [{ name: "eth0", segment: "hosts-b", address: "192.168.99.31", prefix: 24, mac: "02:00:00:00:00:01" }],
  gateway: "192.168.99.200",
  routes: [{ to: "192.168.0.0/24", via: "192.168.99.200" }],
  sysctls: { "net.ipv4.ip_forward": "1" },
  labels: {},
};

const inet = (local: string, prefixlen: number) => ({ family: "inet", local, prefixlen });

const fits: OwnNetwork = {
  links: [
    { ifname: "lo", addr_info: [inet("127.0.0.1", 8), { family: "inet6", local: "::1", prefixlen: 128 }] },
    { ifname: "eth0", addr_info: [inet("192.168.99.31", 24)] },
  ],
  routes: [
    { dst: "default", gateway: "192.168.99.200" },
    { dst: "192.168.0.0/24", gateway: "192.168.99.200" },
    { dst: "192.168.99.0/24" },
  ],
  sysctls: { "net.ipv4.ip_forward": "1" },
};

test("a machine that is what the topology says", () => {
  expect(fitProblems(node, fits)).toEqual([]);
});

test("everything that it is not, at once", () => {
  const own: OwnNetwork = {
    links: [{ ifname: "ens3", addr_info: [inet("192.168.99.31", 25)] }],
    routes: [{ dst: "default", gateway: "192.168.99.1" }],
    sysctls: { "net.ipv4.ip_forward": "0" },
  };
  expect(fitProblems(node, own)).toEqual([
    "k8s-worker-31: 192.168.99.31 is on its ens3, not eth0: name the interface in the topology",
    "k8s-worker-31: 192.168.99.31 has /25 there, the segment has /24",
    "k8s-worker-31: its default route does not lead via 192.168.99.200",
    "k8s-worker-31: it has no route to 192.168.0.0/24 via 192.168.99.200",
    "k8s-worker-31: sysctl net.ipv4.ip_forward is 0, the topology says 1",
  ]);
});

test("a machine of another network", () => {
  const links = [{ ifname: "ens3", addr_info: [inet("10.1.0.4", 16)] }];
  expect(fitProblems(node, { ...fits, links })).toEqual([
    "k8s-worker-31: 192.168.99.31 is none of its addresses: it has ens3 10.1.0.4/16",
  ]);
});
