import { describe, expect, test } from "vitest";
import type { Software } from "#harness/model/software";
import type { NodeSpec, Topology } from "#harness/model/topology";
import { gobgp, metallb, scenario } from "./testdata/metallb-bgp.ts";
import { assertValid, topologyProblems, validate } from "./validate.ts";

const lan = (nodes: Record<string, NodeSpec>, segments: Topology["segments"] = { lan: "10.0.0.0/24" }): Topology => ({
  segments,
  nodes,
});
const host: NodeSpec = { role: "host", on: ["lan"] };
const router = (change: object): NodeSpec => ({ role: "router", on: ["lan"], software: gobgp, as: 64512, ...change });

describe("a sound scenario", () => {
  test("has no problems", () => {
    expect(validate(scenario())).toEqual([]);
    expect(() => assertValid(scenario())).not.toThrow();
  });

  test.each(["metallb-bgp", "metallb-bgp+frr", "kubeadm-phases", "a1"])("may be called %s", (id) => {
    expect(validate(scenario({ id }))).toEqual([]);
  });

  test.each([1, 64512, 4200000000, 4294967294])("may have a router of AS %d", (as) => {
    expect(topologyProblems(lan({ r: router({ as }) }))).toEqual([]);
  });

  test("may hold as many machines as the segment has addresses", () => {
    const fixed = (address: string): NodeSpec => ({ role: "host", on: [{ segment: "lan", address }] });
    expect(topologyProblems(lan({ a: fixed("10.0.0.1"), b: fixed("10.0.0.2") }, { lan: "10.0.0.0/30" }))).toEqual([]);
  });
});

describe("one mistake, one sentence", () => {
  test.each<[string, Topology]>([
    ["segment lan: 10.0.0.1/24 has host bits set; the network is 10.0.0.0/24", lan({}, { lan: "10.0.0.1/24" })],
    ["segment lan: 10.0.0.0/33 has the prefix length 33; IPv4 has 0 to 32", lan({}, { lan: "10.0.0.0/33" })],
    ['segment lan: "10.0.0/24" is not an IPv4 network such as "172.17.0.0/24"', lan({}, { lan: "10.0.0/24" })],
    ["segment lan: 127.1.0.0/16 meets 127.0.0.0/8, which no machine can use", lan({}, { lan: "127.1.0.0/16" })],
    [
      "segment a 10.0.0.0/8 and segment b 10.9.0.0/16 overlap: both have 10.9.0.0 to 10.9.255.255",
      lan({}, { a: "10.0.0.0/8", b: "10.9.0.0/16" }),
    ],
    [
      "node a: 10.0.1.1 is outside segment lan 10.0.0.0/24",
      lan({ a: { role: "host", on: [{ segment: "lan", address: "10.0.1.1" }] } }),
    ],
    [
      "node a: @cluster is x and y: it can be one",
      lan({ a: { role: "host", on: ["lan"], tags: ["@cluster=x", "@cluster=y"] } }),
    ],
    [
      "node a: 10.0.0.0 is the network address of segment lan 10.0.0.0/24",
      lan({ a: { role: "host", on: [{ segment: "lan", address: "10.0.0.0" }] } }),
    ],
    [
      "node a: 10.0.0.255 is the broadcast address of segment lan 10.0.0.0/24",
      lan({ a: { role: "host", on: [{ segment: "lan", address: "10.0.0.255" }] } }),
    ],
    [
      'node a: "10.0.0.01" is not an IPv4 address',
      lan({ a: { role: "host", on: [{ segment: "lan", address: "10.0.0.01" }] } }),
    ],
    [
      "10.0.0.5 on segment lan is claimed by a and b",
      lan({
        a: { role: "host", on: [{ segment: "lan", address: "10.0.0.5" }] },
        b: { role: "host", on: [{ segment: "lan", address: "10.0.0.5" }] },
      }),
    ],
    [
      "node a: two interfaces are called eth1",
      lan(
        { a: { role: "host", on: [{ segment: "lan", name: "eth1" }, "wan"] } },
        { lan: "10.0.0.0/24", wan: "10.0.1.0/24" },
      ),
    ],
    ["node a: it is on segment lan twice", lan({ a: { role: "host", on: ["lan", "lan"] } })],
    ["node a: segment wan is not declared", lan({ a: { role: "host", on: ["lan", "wan"] } })],
    ["node a: it is on no segment", lan({ a: { role: "host", on: [] } })],
    ["node a: its default route via b: there is no such machine", lan({ a: { ...host, via: "b" } })],
    ["node a: its default route leads to itself", lan({ a: { ...host, via: "a" } })],
    [
      "node a: its default route via r: they have no segment in common",
      lan({ a: { ...host, via: "r" }, r: router({ on: ["wan"] }) }, { lan: "10.0.0.0/24", wan: "10.0.1.0/24" }),
    ],
    ["node a: its default route via 10.0.1.1 leads to none of its segments", lan({ a: { ...host, via: "10.0.1.1" } })],
    [
      "node a: its default route via b: a host forwards nothing without the sysctl net.ipv4.ip_forward=1",
      lan({ a: { ...host, via: "b" }, b: host }),
    ],
    [
      "node a: route: 10.1.0.1/16 has host bits set; the network is 10.1.0.0/16",
      lan({ a: { ...host, routes: [{ to: "10.1.0.1/16", via: "10.0.0.9" }] } }),
    ],
    [
      "node a: route to 10.1.0.0/16: 10.2.0.1 is not an address on a segment of its own",
      lan({ a: { ...host, routes: [{ to: "10.1.0.0/16", via: "10.2.0.1" }] } }),
    ],
    [
      "node a: two routes to 10.1.0.0/16: the kernel takes one",
      lan({ a: { ...host, routes: ["10.0.0.8", "10.0.0.9"].map((via) => ({ to: "10.1.0.0/16", via })) } }),
    ],
    [
      "node a: two routes to 0.0.0.0/0: the kernel takes one",
      lan({ a: { ...host, via: "10.0.0.8", routes: [{ to: "0.0.0.0/0", via: "10.0.0.9" }] } }),
    ],
    [
      "node a: two routes to 10.0.0.0/24: the kernel takes one",
      lan({ a: { ...host, routes: [{ to: "10.0.0.0/24", via: "10.0.0.9" }] } }),
    ],
    ["node r: AS 0 is reserved (RFC 7607)", lan({ r: router({ as: 0 }) })],
    ["node r: AS 23456 is reserved (AS_TRANS, RFC 6793)", lan({ r: router({ as: 23456 }) })],
    ["node r: AS 65535 is reserved (RFC 7300)", lan({ r: router({ as: 65535 }) })],
    ["node r: AS 4294967295 is reserved (RFC 7300)", lan({ r: router({ as: 4294967295 }) })],
    [
      "node r: AS 4294967296 is out of range: a whole number from 1 to 4294967294",
      lan({ r: router({ as: 4294967296 }) }),
    ],
    ["node r: AS 64512.5 is out of range: a whole number from 1 to 4294967294", lan({ r: router({ as: 64512.5 }) })],
    ["node r: peer x: there is no such machine", lan({ r: router({ peers: [{ node: "x", as: 64522 }] }) })],
    [
      "node r: peer w: they have no segment in common",
      lan(
        { r: router({ peers: [{ node: "w", as: 64522 }] }), w: { role: "worker", on: ["wan"] } },
        { lan: "10.0.0.0/24", wan: "10.0.1.0/24" },
      ),
    ],
    [
      "node r: peer q: it speaks for AS 64513, not AS 64514",
      lan({ r: router({ peers: [{ node: "q", as: 64514 }] }), q: router({ as: 64513 }) }),
    ],
    [
      "node Node_1: its name is not an RFC 1123 label: lower-case letters, digits and hyphens, no hyphen at either end",
      lan({ Node_1: host }),
    ],
    ["node fabric: its name is taken: fabric is what holds the bridges of the segments", lan({ fabric: host })],
    [`node ${"n".repeat(64)}: its name has 64 characters; a host name has at most 63`, lan({ ["n".repeat(64)]: host })],
    [
      "node a: interface management-eth00 has 16 characters; Linux has at most 15",
      lan({ a: { role: "host", on: [{ segment: "lan", name: "management-eth00" }] } }),
    ],
    [
      'node a: interface "lo" has a name that Linux does not take or has taken',
      lan({ a: { role: "host", on: [{ segment: "lan", name: "lo" }] } }),
    ],
    [
      "segment lan: 10.0.0.0/31 is too small: with less than a /30 it holds no two machines",
      lan({}, { lan: "10.0.0.0/31" }),
    ],
    [
      "segment lan: 10.0.0.0/29 has no address left for a: the first derived address is .10, the last 10.0.0.6",
      lan({ a: host }, { lan: "10.0.0.0/29" }),
    ],
  ])("%s", (problem, topology) => {
    expect(topologyProblems(topology)).toEqual([problem]);
  });
});

describe("a node of the cluster", () => {
  const problemsWith = (node: Partial<NodeSpec>, services = {}) =>
    validate(scenario({ topology: lan({ m: { role: "control-plane", on: ["lan"], ...node } as NodeSpec }) }, services));

  test("without a way to Services is refused: its kernel would send nothing there", () => {
    const stranded =
      "node m: it has no default route, and none to the service network: its kernel would send nothing to a Service's address";
    expect(problemsWith({})).toEqual([stranded]);
    expect(problemsWith({ routes: [{ to: "10.96.0.0/13", via: "10.0.0.1" }] })).toEqual([stranded]);
  });

  test("has one by a default route, or by one to the service network", () => {
    expect(problemsWith({ via: "10.0.0.1" })).toEqual([]);
    expect(problemsWith({ routes: [{ to: "0.0.0.0/0", via: "10.0.0.1" }] })).toEqual([]);
    expect(
      problemsWith({ routes: [{ to: "10.32.0.0/16", via: "10.0.0.1" }] }, { serviceCidr: "10.32.4.0/24" }),
    ).toEqual([]);
  });
});

describe("the networks of the cluster", () => {
  test("the original's service network, the same as its pod network, is refused", () => {
    expect(validate(scenario({}, { serviceCidr: "10.244.0.0/16" }))).toEqual([
      "pod network 10.244.0.0/16 and service network 10.244.0.0/16 overlap: both have 10.244.0.0 to 10.244.255.255",
    ]);
  });

  test.each([
    [
      "a segment",
      { podCidr: "172.17.0.0/16" },
      /^pod network 172\.17\.0\.0\/16 and segment k8s .* 172\.17\.0\.0 to 172\.17\.0\.255$/,
    ],
    [
      "an add-on's pool",
      { podCidr: "172.17.252.0/22" },
      /^pod network .* and LoadBalancer pool \(add-on metallb\) .* 172\.17\.254\.0 to 172\.17\.254\.255$/,
    ],
  ] as const)("a pod network that overlaps %s is refused", (_, cluster, message) => {
    expect(validate(scenario({}, cluster))).toContainEqual(expect.stringMatching(message));
  });

  test.each(["10.0.0.0/11", "10.96.0.0/29"] as const)("a service network of %s is refused", (serviceCidr) => {
    expect(validate(scenario({}, { serviceCidr }))).toEqual([
      `service network: ${serviceCidr} must be between a /12 and a /28`,
    ]);
  });
});

test("an add-on that trips over a broken topology does not hide the topology's problems", () => {
  const fragile = {
    ...metallb("172.17.254.0/24"),
    problems: () => {
      throw new TypeError("no router");
    },
  };
  const stray: NodeSpec = { role: "control-plane", on: ["lan", "wan"], via: "10.0.0.1" };
  const broken = scenario({ topology: lan({ m: stray }) }, { addons: [fragile] });
  expect(validate(broken)).toEqual(["node m: segment wan is not declared"]);
  expect(() => validate(scenario({}, { addons: [fragile] }))).toThrow("no router");
});

test("software of a host tells its own problems, and a host that forwards is a gateway", () => {
  const nat: Software = {
    title: "NAT",
    needs: [],
    problems: ({ interfaces }, { nodes }) => [`${interfaces.length} interface and ${nodes.length} nodes, no way out`],
    files: () => ({}),
    units: ["nat.service"],
    tables: [],
  };
  const gateway: NodeSpec = { ...host, software: nat, sysctls: { "net.ipv4.ip_forward": "1" } };
  const masters: Record<string, NodeSpec> = { m: { role: "control-plane", on: ["lan"], via: "net-0" } };
  expect(validate(scenario({ topology: lan({ ...masters, "net-0": gateway }) }))).toEqual([
    "node net-0: 1 interface and 2 nodes, no way out",
  ]);
});

test("every mistake is told at once", async () => {
  const everything = scenario(
    {
      id: "MetalLB BGP",
      topology: {
        segments: {
          client: "172.17.1.1/24",
          k8s: "172.17.0.0/24",
          storage: "172.17.0.128/25",
          cable: "192.0.2.0/31",
          tiny: "198.51.100.0/29",
          void: "10.300.0.0/16",
          loop: "127.0.1.0/24",
        },
        nodes: {
          client_01: { role: "host", on: ["client", "dmz"], via: "rt-02" },
          [`k8s-${"x".repeat(60)}`]: { role: "worker", on: [], via: "rt-01" },
          "rt-01": {
            role: "router",
            on: [
              { segment: "k8s", address: "172.17.0.1", name: "provider-uplink-0" },
              { segment: "tiny", name: "eth2" },
              { segment: "storage", name: "eth2" },
            ],
            software: gobgp,
            as: 65535,
            peers: [
              { node: "k8s-node-01", as: 0 },
              { node: "k8s-node-09", as: 64522 },
              { node: "rt-01", as: 65535 },
            ],
          },
          "k8s-node-01": { role: "worker", on: [{ segment: "k8s", address: "172.17.0.1" }], via: "172.17.9.1" },
          "k8s-node-02": {
            role: "worker",
            on: [{ segment: "k8s", address: "172.17.0.255" }],
            routes: [{ to: "10.244.1.7/24", via: "172.18.0.1" }],
          },
          "k8s-node-03": { role: "worker", on: [{ segment: "k8s", address: "172.18.0.23" }], via: "k8s-node-03" },
        },
      },
    },
    {
      podCidr: "10.244.0.0/16",
      serviceCidr: "10.244.0.0/16",
      addons: [metallb("172.17.0.192/26", ["no BGP peer 172.17.0.254 in the topology"])],
    },
  );
  let message = "nothing was thrown";
  try {
    assertValid(everything);
  } catch (error) {
    message = String(error);
  }
  await expect(`${message}\n`).toMatchFileSnapshot("testdata/misdeclared.golden.txt");
});
