import { heldInAdjRibIn, sessionsEstablished, sessionYoungerThan } from "#fixtures/checks/bgp";
import { allRun, nodeReady, nodes, nodesAre, type PodSeen, pods } from "#fixtures/checks/cluster";
import { hasNextHops, hasRoute } from "#fixtures/checks/routes";
import { endpointNodes, hasAddress, loadBalancerAddress, serviceEvents, tells } from "#fixtures/checks/services";
import { linkCut, powerCut, processKill, serviceRestart } from "#fixtures/faults/machines";
import { answeredBy, flows, moved, perNode, spreadOver, stickToOneNode } from "#fixtures/probes/flows";
import { answers, http } from "#fixtures/probes/http";
import { pulse } from "#fixtures/probes/pulse";
import { allReached, reachability, type Target } from "#fixtures/probes/reach";
import { adjRibIn, bgpSessions, kernelRoutes } from "#fixtures/routers/probes";
import { netexec, netexecPorts } from "#fixtures/workloads/netexec";
import { nginx } from "#fixtures/workloads/nginx";
import { allOf, equals, hasExactly, not } from "#harness/judging/checks";
import { within } from "#harness/judging/within";
import { LabBroken } from "#harness/model/errors";
import type { Fault } from "#harness/model/faults";
import type { KubeObject } from "#harness/model/kube";
import type { Lab } from "#harness/model/scenario";
import type { Claim, Claims, Given } from "#harness/vitest/scenario";
import { as, holdTime, type MetallbBgp, workerLabels } from "./scenario.ts";

type Name = keyof MetallbBgp["topology"]["nodes"];

const workers = ["k8s-node-01", "k8s-node-02", "k8s-node-03"] as const;
const cluster = ["k8s-master-01", ...workers] as const;
const address = {
  "k8s-master-01": "172.17.0.10",
  "k8s-node-01": "172.17.0.21",
  "k8s-node-02": "172.17.0.22",
  "k8s-node-03": "172.17.0.23",
} as const;

/** What the original's Service got: the first address of the pool. */
const vip = "172.17.254.1";
const url = `http://${vip}/`;

/** One claim set for every router that can stand at rt-01. */
export function claims(declared: MetallbBgp) {
  const { routeProtocol: protocol, units } = declared.topology.nodes["rt-01"].software;
  const speaker = units.at(-1) ?? "";
  const route = (prefix: string, ...names: (keyof typeof address)[]) =>
    hasNextHops({ prefix: `${prefix}/32`, nextHops: names.map((name) => address[name]), protocol });

  return (claim: Claims<Name>, given: Given<Name>): void => {
    /** nginx with 6 replicas behind a LoadBalancer Service, as the original deployed it. */
    const web = given(async ({ kube }) =>
      kube.apply(nginx({ name: "web", replicas: 6, service: { type: "LoadBalancer" } })),
    );

    /** The Service as it should be: routed over all three workers, and every flow is answered. */
    const whole = async ({ lab, reaches }: Judging) => {
      await web(lab);
      const { "client-01": client, "rt-01": rt01 } = lab.nodes;
      for (const name of workers) await reaches(nodes(lab.kube), nodeReady(name), within.nodeReady);
      await reaches(kernelRoutes(rt01), route(vip, ...workers), within.bgpEstablished);
      const spread = spreadOver({ nodes: [...workers], share: 0.15 });
      return reaches(flows(client, `${vip}:80`, machines(lab)), spread, within.podReady);
    };

    /** Two pods on every node, each serving its own name and able to look around. */
    const pairs = given(async ({ kube }) => {
      await kube.apply([...netexec({ name: "east" }), ...netexec({ name: "west" })]);
      await kube.apply(nginx({ name: "lonely", replicas: 1, service: { type: "NodePort" } }));
    });

    claim(
      "every node is Ready at the pinned version with the original's labels, and all system pods run",
      async ({ lab, reaches }) => {
        const labels = Object.fromEntries(workers.map((name) => [name, workerLabels]));
        const expected = { "k8s-master-01": { "node-role.kubernetes.io/control-plane": "" }, ...labels };
        await reaches(nodes(lab.kube), nodesAre(declared.cluster.kubernetes, expected), within.nodeReady);
        // Control plane 4, CoreDNS 2, kube-proxy 4, flannel 4, MetalLB's controller and 3 speakers.
        const system = pods(lab.kube, ["kube-system", "kube-flannel", "metallb-system"]);
        await reaches(system, allRun(4 + 2 + 4 + 4 + 1 + 3), within.podReady);
      },
    );

    claim(
      "pods reach pods on their own node and, for every ordered pair of nodes, on the other",
      async ({ lab, reaches, once }) => {
        await pairs(lab);
        const east = await running(lab, reaches, "app=east", 4);
        const west = await running(lab, reaches, "app=west", 4);
        const to = west.map((pod) => ({
          title: pod.node,
          url: `http://${pod.address}:${netexecPorts.http}/hostname`,
          answer: pod.name,
        }));
        await once(reachability(lab.kube, "pod to pod", east.map(from), to), allReached(16));
      },
    );

    claim(
      "pods on every node reach Services by ClusterIP and by name, their own Service, and what is outside the cluster",
      async ({ lab, reaches, once }) => {
        await pairs(lab);
        const east = await running(lab, reaches, "app=east", 4);
        const lonely = await running(lab, reaches, "app=lonely", 1);
        const { clusterIP } = await service(lab, "lonely");
        await using _outside = await lab.nodes["client-01"].sh.start("cd /tmp && exec python3 -m http.server 8000");
        const to: Target[] = [
          { title: "ClusterIP", url: `http://${clusterIP}/`, answer: "lonely" },
          { title: "Service name", url: "http://lonely/", answer: "lonely" },
          { title: "Service name in full", url: "http://lonely.default.svc.cluster.local/", answer: "lonely" },
          { title: "client-01", url: "http://172.17.1.10:8000/" },
        ];
        await reaches(http(lab.nodes["rt-01"], "http://172.17.1.10:8000/"), answers(), within.serviceStart);
        await reaches(
          reachability(lab.kube, "pod to Service and outside", east.map(from), to),
          allReached(16),
          within.dnsAnswers,
        );
        const hairpin = [{ title: "its own Service", url: `http://${clusterIP}/`, answer: "lonely" }];
        await once(reachability(lab.kube, "hairpin", lonely.map(from), hairpin), allReached(1));
      },
    );

    claim("a NodePort answers on every node, from client-01 too", async ({ lab, reaches }) => {
      await pairs(lab);
      const port = (await service(lab, "lonely")).ports[0]?.nodePort;
      for (const asker of ["client-01", ...cluster] as const)
        for (const name of cluster)
          await reaches(
            http(lab.nodes[asker], `http://${address[name]}:${port}/`),
            answers({ saying: "lonely" }),
            within.endpointsUpdate,
          );
    });

    claim(
      "MetalLB holds one BGP session per worker with rt-01: Established, AS 64522, hold time as configured",
      async ({ lab, reaches }) => {
        const peers = workers.map((name) => address[name]);
        await reaches(
          bgpSessions(lab.nodes["rt-01"]),
          sessionsEstablished({ peers, as: as.cluster, holdTime }),
          within.bgpEstablished,
        );
      },
    );

    claim(
      `the LoadBalancer Service gets ${vip}; rt-01 holds it from all three workers with AS path 64522, and its kernel routes it over them with equal weight, proto ${protocol}`,
      async ({ lab, reaches, measure }) => {
        await web(lab);
        const rt01 = lab.nodes["rt-01"];
        const started = Date.now();
        await reaches(loadBalancerAddress(lab.kube, "web"), hasExactly(vip), within.serviceAddress);
        const nextHops = workers.map((name) => address[name]);
        const held = heldInAdjRibIn({ prefix: `${vip}/32`, nextHops, asPath: [as.cluster] });
        await running(lab, reaches, "app=web", 6);
        await reaches(adjRibIn(rt01), held, within.bgpUpdate);
        const { at } = await reaches(kernelRoutes(rt01), route(vip, ...workers), within.bgpUpdate);
        measure("from Service to kernel route", at - started, "ms");
      },
    );

    claim(
      "client-01 reaches the Service through rt-01: all six replicas answer, and flows are spread over the three workers",
      async ({ lab, reaches, once, measure }) => {
        await web(lab);
        const { "client-01": client, "rt-01": rt01 } = lab.nodes;
        const replicas = await running(lab, reaches, "app=web", 6);
        await reaches(kernelRoutes(rt01), route(vip, ...workers), within.bgpUpdate);
        const good = allOf(
          spreadOver({ nodes: [...workers], share: 0.15 }),
          answeredBy({ pods: replicas.map((pod) => pod.name) }),
        );
        const { seen } = await reaches(flows(client, `${vip}:80`, machines(lab)), good, within.endpointsUpdate);
        const share = perNode(seen);
        measure("flows on the busiest worker", Math.max(...Object.values(share)), "flows", share);
      },
    );

    claim(
      "with the L3 hash policy one client sticks to one worker while many clients spread",
      async ({ lab, reaches, once }) => {
        await web(lab);
        const { "client-01": client, "rt-01": rt01 } = lab.nodes;
        await reaches(kernelRoutes(rt01), route(vip, ...workers), within.bgpUpdate);
        const many = Array.from({ length: 40 }, (_, i) => `172.17.1.${100 + i}`);
        await rt01.sh("sysctl -w net.ipv4.fib_multipath_hash_policy=0");
        try {
          await once(flows(client, `${vip}:80`, machines(lab), { count: 40 }), stickToOneNode());
          await client.sh(many.map((a) => `ip addr add ${a}/24 dev eth0`).join(" && "));
          const crowd = flows(client, `${vip}:80`, machines(lab), { count: 3, sources: many });
          await once(crowd, spreadOver({ nodes: [...workers], share: 0.1 }));
        } finally {
          await rt01.sh("sysctl -w net.ipv4.fib_multipath_hash_policy=1");
          await client.sh(many.map((a) => `ip addr del ${a}/24 dev eth0`).join("; "), { ok: "any" });
        }
      },
    );

    claim(
      "when one next hop leaves, its flows go to the others; how many of the rest move is recorded",
      async ({ lab, reaches, once, measure }) => {
        await web(lab);
        const { "client-01": client, "rt-01": rt01 } = lab.nodes;
        const all = flows(client, `${vip}:80`, machines(lab));
        await reaches(kernelRoutes(rt01), route(vip, ...workers), within.bgpUpdate);
        const before = await once(all, spreadOver({ nodes: [...workers], share: 0.15 }));
        // https://metallb.io/configuration/_advanced_bgp_configuration/: nodes with this label announce nothing.
        const node = { apiVersion: "v1", kind: "Node", name: "k8s-node-02" };
        const label = "node.kubernetes.io/exclude-from-external-load-balancers";
        await lab.kube.patch(node, { metadata: { labels: { [label]: "true" } } });
        try {
          await reaches(kernelRoutes(rt01), route(vip, "k8s-node-01", "k8s-node-03"), within.bgpWithdrawal);
          const after = await once(all, spreadOver({ nodes: ["k8s-node-01", "k8s-node-03"], share: 0.2 }));
          const stayed = moved(before, after, "k8s-node-02");
          measure("flows of the remaining workers that moved", stayed.moved, "flows", stayed);
        } finally {
          await lab.kube.patch(node, { metadata: { labels: { [label]: null } } });
        }
        await reaches(kernelRoutes(rt01), route(vip, ...workers), within.bgpUpdate);
      },
    );

    claim(
      "with externalTrafficPolicy Local only nodes with an endpoint announce and the client's address is preserved; Cluster brings the rest back",
      async ({ lab, reaches }) => {
        const { "client-01": client, "rt-01": rt01 } = lab.nodes;
        await using _local = await lab.deploy(
          nginx({
            name: "local",
            replicas: 2,
            on: ["k8s-node-02"],
            service: { type: "LoadBalancer", externalTrafficPolicy: "Local" },
          }),
        );
        const { seen } = await reaches(loadBalancerAddress(lab.kube, "local"), hasAddress(), within.serviceAddress);
        const ip = seen[0] ?? "";
        await reaches(endpointNodes(lab.kube, "local"), hasExactly("k8s-node-02"), within.podReady);
        await reaches(kernelRoutes(rt01), route(ip, "k8s-node-02"), within.bgpUpdate);
        await reaches(http(client, `http://${ip}/client`), answers({ saying: "172.17.1.10" }), within.endpointsUpdate);
        const service = { apiVersion: "v1", kind: "Service", namespace: "default", name: "local" };
        await lab.kube.patch(service, { spec: { externalTrafficPolicy: "Cluster" } });
        await reaches(kernelRoutes(rt01), route(ip, ...workers), within.bgpUpdate);
        await reaches(http(client, `http://${ip}/`), answers(), within.endpointsUpdate);
      },
    );

    claim("a second Service gets another address, and deleting it withdraws its route", async ({ lab, reaches }) => {
      await web(lab);
      const { "client-01": client, "rt-01": rt01 } = lab.nodes;
      const second = await lab.deploy(nginx({ name: "second", replicas: 1, service: { type: "LoadBalancer" } }));
      const ip = "172.17.254.2";
      await reaches(loadBalancerAddress(lab.kube, "second"), hasExactly(ip), within.serviceAddress);
      await reaches(kernelRoutes(rt01), route(ip, ...workers), within.podReady);
      await reaches(http(client, `http://${ip}/`), answers({ saying: "second" }), within.endpointsUpdate);
      await second[Symbol.asyncDispose]();
      await reaches(kernelRoutes(rt01), not(hasRoute(`${ip}/32`)), within.bgpWithdrawal);
      await reaches(http(client, `http://${ip}/`), not(answers({ saying: "second" })), within.bgpWithdrawal);
    });

    claim("an exhausted pool leaves a Service pending, with an event that says so", async ({ lab, reaches, holds }) => {
      await web(lab);
      const pool = {
        apiVersion: "metallb.io/v1beta1",
        kind: "IPAddressPool",
        namespace: "metallb-system",
        name: "pool",
      };
      await reaches(loadBalancerAddress(lab.kube, "web"), hasExactly(vip), within.serviceAddress);
      const { spec } = (await lab.kube.get<KubeObject & { spec: { addresses: string[] } }>(pool)) ?? {};
      await lab.kube.patch(pool, { spec: { addresses: [`${vip}/32`] } });
      try {
        await using _late = await lab.deploy(nginx({ name: "late", replicas: 1, service: { type: "LoadBalancer" } }));
        await reaches(serviceEvents(lab.kube, "late"), tells("AllocationFailed", "no available IPs"), within.eventTold);
        await holds(loadBalancerAddress(lab.kube, "late"), equals([]), { for: "2s" });
      } finally {
        await lab.kube.patch(pool, { spec: { addresses: spec?.addresses } });
      }
    });

    claim("a speaker that is killed comes back: its session is a new one and the route is whole again", async (it) => {
      const { "rt-01": rt01, "k8s-node-02": victim } = it.lab.nodes;
      await whole(it);
      const peer = address["k8s-node-02"];
      const established = sessionsEstablished({
        peers: workers.map((name) => address[name]),
        as: as.cluster,
        holdTime,
      });
      const { seen } = await it.reaches(bgpSessions(rt01), established, within.bgpEstablished);
      const seconds = seen.find((session) => session.peer === peer)?.uptime ?? 0;
      await felt(it, processKill(victim, "speaker"), {
        struck: async () => {
          await it.reaches(bgpSessions(rt01), sessionYoungerThan({ peer, seconds }), within.bgpEstablished);
          return it.reaches(kernelRoutes(rt01), route(vip, ...workers), within.bgpUpdate);
        },
      });
    });

    claim(
      "a worker whose power is cut is routed around within the hold time, and the Service carries on once its pods are written off",
      async (it) => {
        const { "rt-01": rt01, "k8s-node-02": victim, "client-01": client } = it.lab.nodes;
        await whole(it);
        const others = ["k8s-node-01", "k8s-node-03"] as const;
        await felt(it, powerCut(victim, rt01), {
          struck: async () => {
            const rerouted = await it.reaches(
              kernelRoutes(rt01),
              route(vip, ...others),
              within.bgpHoldTime(`${holdTime}s`),
            );
            // kube-proxy goes on sending a share of the connections to the dead worker's pods until the control plane gives it up.
            await it.reaches(endpointNodes(it.lab.kube, "web"), hasExactly(...others), within.nodeLost);
            const spread = spreadOver({ nodes: [...others], share: 0.2 });
            const alive = others.map((name) => it.lab.nodes[name]);
            await it.reaches(flows(client, `${vip}:80`, alive), spread, within.endpointsUpdate);
            await it.holds(http(client, url), answers(), { for: "5s" });
            return rerouted;
          },
          healed: () => whole(it),
        });
      },
    );

    claim(
      "a worker whose link is cut is routed around within the hold time, and is back after the link is",
      async (it) => {
        const { "rt-01": rt01, "k8s-node-03": victim } = it.lab.nodes;
        await whole(it);
        await felt(it, linkCut(victim, "k8s", rt01), {
          struck: () => {
            const others = route(vip, "k8s-node-01", "k8s-node-02");
            return it.reaches(kernelRoutes(rt01), others, within.bgpHoldTime(`${holdTime}s`));
          },
          healed: () => whole(it),
        });
      },
    );

    claim(`when rt-01's ${speaker} is restarted, all sessions and the route come back`, async (it) => {
      const { "rt-01": rt01 } = it.lab.nodes;
      await whole(it);
      await felt(it, serviceRestart(rt01, speaker), {
        struck: async () => {
          const peers = workers.map((name) => address[name]);
          await it.reaches(
            bgpSessions(rt01),
            sessionsEstablished({ peers, as: as.cluster, holdTime }),
            within.bgpEstablished,
          );
          return it.reaches(kernelRoutes(rt01), route(vip, ...workers), within.bgpUpdate);
        },
      });
    });
  };
}

type Judging = Claim<Name>;
type Reaches = Judging["reaches"];
type Moment = Promise<{ readonly at: number }>;

/**
 * Inflicts a fault while client-01 asks the Service every 10 ms, heals it, and records how long each took to converge
 * and what it cost. `struck` and `healed` end with the look that saw the system as it should be.
 */
async function felt(it: Judging, fault: Fault, judge: { struck(): Moment; healed?(): Moment }): Promise<void> {
  const { lab, holds, measure, attach } = it;
  await using client = await pulse(lab.nodes["client-01"], url);
  const active = await lab.inflict(fault);
  let healing: number;
  try {
    const { at } = await judge.struck();
    measure(`${fault.name}: converged after`, at - active.struckAt, "ms");
  } finally {
    healing = Date.now();
    await active[Symbol.asyncDispose]();
  }
  if (judge.healed) {
    const { at } = await judge.healed();
    measure(`${fault.name}: whole again after healing began`, at - healing, "ms");
  }
  await holds(http(lab.nodes["client-01"], url), answers(), { for: "1s" });
  const { report, beats } = await client.stop();
  const { outages, ...cost } = report;
  measure(`${fault.name}: requests lost`, report.failed, "requests", cost);
  const lostLater = beats.filter((beat) => !beat.ok && beat.at > healing).length;
  if (judge.healed) measure(`${fault.name}: requests lost while it healed`, lostLater, "requests");
  measure(`${fault.name}: from the first lost to the last`, report.troubledMs, "ms");
  measure(`${fault.name}: longest time without any answer`, Math.max(0, ...outages.map((o) => o.ms)), "ms");
  const name = fault.name.replaceAll(/[^a-z0-9]+/gi, "-");
  attach(`pulse-${name}.jsonl`, beats.map((beat) => JSON.stringify(beat)).join("\n"));
}

const machines = (lab: Lab<Name>) => cluster.map((name) => lab.nodes[name]);

const from = ({ namespace, name, node }: PodSeen) => ({ namespace, name, title: node });

/** The pods of an app, once they are as many as they should be, all running and ready. */
async function running(lab: Lab, reaches: Reaches, selector: string, count: number): Promise<PodSeen[]> {
  return (await reaches(pods(lab.kube, ["default"], selector), allRun(count), within.podReady)).seen;
}

type Service = KubeObject & { spec: { clusterIP: string; ports: { nodePort?: number }[] } };

async function service(lab: Lab, name: string): Promise<Service["spec"]> {
  const found = await lab.kube.get<Service>({ apiVersion: "v1", kind: "Service", namespace: "default", name });
  if (!found) throw new LabBroken("there is no such Service", { who: name });
  return found.spec;
}
