import { describe, expect, test } from "vitest";
import { Misdeclared } from "#harness/model/errors";
import { resolve } from "./resolve.ts";
import { metallbBgp } from "./testdata/metallb-bgp.ts";

const addresses = (nodes: ReturnType<typeof resolve>["nodes"]) =>
  Object.fromEntries(nodes.map((n) => [n.name, n.interfaces.map((i) => `${i.name} ${i.address}/${i.prefix}`)]));

describe("resolve", () => {
  const resolved = resolve(metallbBgp);

  test("gives fixed addresses as they are and derives the others from .10 up", () => {
    expect(addresses(resolved.nodes)).toEqual({
      "client-01": ["eth0 172.17.1.10/24"],
      "rt-01": ["eth1 172.17.1.1/24", "eth2 172.17.0.1/24"],
      "k8s-master-01": ["eth0 172.17.0.10/24"],
      "k8s-node-01": ["eth0 172.17.0.21/24"],
      "k8s-node-02": ["eth0 172.17.0.22/24"],
      "k8s-node-03": ["eth0 172.17.0.23/24"],
    });
  });

  test("a derived address avoids one that is fixed further down", () => {
    const { nodes } = resolve({
      segments: { lan: "10.240.0.0/24" },
      nodes: {
        a: { role: "host", on: ["lan"] },
        b: { role: "host", on: ["lan"] },
        c: { role: "host", on: [{ segment: "lan", address: "10.240.0.10" }] },
      },
    });
    expect(addresses(nodes)).toEqual({
      a: ["eth0 10.240.0.11/24"],
      b: ["eth0 10.240.0.12/24"],
      c: ["eth0 10.240.0.10/24"],
    });
  });

  test("a gateway is the router's address on the segment in common, or the address given", () => {
    expect(Object.fromEntries(resolved.nodes.map((n) => [n.name, n.gateway]))).toEqual({
      "client-01": "172.17.1.1",
      "rt-01": undefined,
      "k8s-master-01": "172.17.0.1",
      "k8s-node-01": "172.17.0.1",
      "k8s-node-02": "172.17.0.1",
      "k8s-node-03": "172.17.0.1",
    });
    const { nodes } = resolve({
      segments: { lan: "10.0.0.0/24" },
      nodes: { a: { role: "host", on: ["lan"], via: "10.0.0.254" } },
    });
    expect(nodes[0]?.gateway).toBe("10.0.0.254");
  });

  test("a router's peers have addresses", () => {
    expect(resolved.nodes.find((n) => n.name === "rt-01")?.router?.peers).toEqual([
      { node: "k8s-node-01", as: 64522, address: "172.17.0.21" },
      { node: "k8s-node-02", as: 64522, address: "172.17.0.22" },
      { node: "k8s-node-03", as: 64522, address: "172.17.0.23" },
    ]);
  });

  test("MAC addresses are locally administered, unicast, distinct and the same every time", () => {
    const macs = resolved.nodes.flatMap((n) => n.interfaces.map((i) => i.mac));
    expect(new Set(macs).size).toBe(7);
    for (const mac of macs) expect(mac).toMatch(/^02(:[0-9a-f]{2}){5}$/);
    expect(resolve(metallbBgp).nodes.flatMap((n) => n.interfaces.map((i) => i.mac))).toEqual(macs);
    expect(macs[0]).toMatchInlineSnapshot(`"02:87:50:3a:20:63"`);
  });

  test("the result is frozen, the declaration is not", () => {
    const labels: Record<string, string> = { type: "worker" };
    const { nodes } = resolve({
      segments: { lan: "10.0.0.0/24" },
      nodes: { a: { role: "worker", on: ["lan"], labels } },
    });
    expect(Object.isFrozen(nodes[0]?.interfaces[0])).toBe(true);
    expect(Object.isFrozen(nodes[0]?.labels)).toBe(true);
    labels.added = "later";
    expect(nodes[0]?.labels).toEqual({ type: "worker" });
  });

  test("refuses what is misdeclared", () => {
    expect(() => resolve({ segments: { lan: "10.0.0.1/24" }, nodes: {} })).toThrow(Misdeclared);
  });
});
