import type { NodeSpec, Topology } from "#harness/model/topology";
import { gobgp } from "./metallb-bgp.ts";

const workers = (segment: string, count: number): Record<string, NodeSpec> =>
  Object.fromEntries(
    Array.from({ length: count }, (_, i) => [`worker-${segment}-${i + 1}`, { role: "worker", on: [segment], via: "rt-01" }]),
  );

/** Three segments, a machine on two that are not neighbours, and more clients and workers than fit side by side. */
export const many: Topology = {
  segments: { client: "172.17.1.0/24", "rack-a": "192.168.0.0/24", "rack-b": "192.168.96.0/20" },
  nodes: {
    ...Object.fromEntries(
      Array.from({ length: 7 }, (_, i) => [`client-${i + 1}`, { role: "host", on: ["client"], via: "rt-01" } as const]),
    ),
    "rt-01": {
      role: "router",
      on: ["client", "rack-a", "rack-b"],
      software: gobgp,
      as: 64512,
      peers: [{ node: "worker-rack-a-1", as: 64522 }],
    },
    bastion: { role: "host", on: ["client", "rack-b"] },
    "master-01": { role: "control-plane", on: ["rack-a"], via: "rt-01" },
    ...workers("rack-a", 3),
    ...workers("rack-b", 9),
  },
};
