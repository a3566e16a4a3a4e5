import { allRun, pods } from "#fixtures/checks/cluster";
import { hasRoute } from "#fixtures/checks/routes";
import { workloadBreakages } from "#fixtures/claims/workloads.red";
import { changed, filtered } from "#fixtures/faults/changes";
import { bgpSessions, kernelRoutes } from "#fixtures/routers/probes";
import { nginx } from "#fixtures/workloads/nginx";
import { within } from "#harness/judging/within";
import { reddened } from "#harness/vitest/reddened";
import { claims } from "./claims.ts";
import metallbBgp, { holdTime } from "./scenario.ts";
import { allSessions, excluded, hashPolicy, selfBuilt } from "./system.ts";

reddened(metallbBgp, claims(metallbBgp), {
  async sound({ lab, reaches }) {
    await reaches(bgpSessions(lab.nodes["rt-01"]), allSessions, within.bgpEstablished);
    await reaches(pods(lab.kube), allRun(18), within.podReady);
  },
  breakages: [
    {
      claim: "every node is Ready",
      when: "a worker lost one of the original's labels",
      async breaks({ lab }) {
        const node = { apiVersion: "v1", kind: "Node", name: "k8s-node-01" };
        await lab.kube.patch(node, { metadata: { labels: { type: null } } });
        return { [Symbol.asyncDispose]: () => lab.kube.patch(node, { metadata: { labels: { type: "worker" } } }) };
      },
      says: /k8s-node-01.*lacks the label type=worker/s,
    },
    ...workloadBreakages(selfBuilt(metallbBgp)),
    {
      claim: "MetalLB holds one BGP session per worker",
      when: "a worker's speaker is cut off from rt-01",
      async breaks({ lab, vanishes }) {
        const cut = await filtered(lab.nodes["k8s-node-02"], "OUTPUT -p tcp --dport 179 -j DROP");
        await vanishes(bgpSessions(lab.nodes["rt-01"]), allSessions, within.bgpHoldTime(`${holdTime}s`));
        return cut;
      },
      says: /172\.17\.0\.22/,
      patience: "15s",
    },
    {
      claim: "the LoadBalancer Service gets",
      when: "a worker is excluded from load balancing",
      breaks: ({ lab }) => excluded(lab, "k8s-node-03"),
      says: /172\.17\.0\.23/,
      patience: "20s",
    },
    {
      claim: "client-01 reaches the Service",
      when: "rt-01 hashes by addresses only",
      breaks: ({ lab }) => hashPolicy(lab.nodes["rt-01"], 0),
      says: /spread over/,
    },
    {
      claim: "with the L3 hash policy one client sticks",
      when: "rt-01 hashes by ports all the same",
      // A sysctl that says it was set, and was not.
      breaks: ({ lab }) =>
        changed(
          lab.nodes["rt-01"],
          "printf '#!/bin/sh\\n' > /tmp/sysctl && chmod +x /tmp/sysctl && mount --bind /tmp/sysctl $(readlink -f $(command -v sysctl))",
          "umount $(readlink -f $(command -v sysctl))",
        ),
      says: /one and the same node/,
    },
    {
      claim: "the same flows go the same way",
      when: "rt-01 trusts the hash that each sender's kernel left on its packets",
      breaks: ({ lab }) => hashPolicy(lab.nodes["rt-01"], 1),
      says: /k8s-node-0\d before, k8s-node-0\d now/,
    },
    {
      claim: "the same flows go the same way",
      when: "the speaker that should withdraw is frozen",
      breaks: ({ lab }) => changed(lab.nodes["k8s-node-02"], "pkill -STOP -x speaker", "pkill -CONT -x speaker"),
      says: /172\.17\.0\.22/,
      patience: "5s",
    },
    {
      claim: "with externalTrafficPolicy Local",
      when: "the worker hides the client behind its own address",
      breaks: ({ lab }) => filtered(lab.nodes["k8s-node-02"], "POSTROUTING -s 172.17.1.10 -j MASQUERADE", "nat"),
      says: /172\.17\.1\.10/,
      patience: "20s",
    },
    {
      claim: "a second Service gets another address",
      when: "rt-01 keeps a route of its own to it",
      breaks: async (claim) => {
        const rt01 = claim.lab.nodes["rt-01"];
        const mends = "ip route del 172.17.254.2/32 proto static metric 5";
        await rt01.sh("ip route add 172.17.254.2/32 via 172.17.0.21 proto static metric 5");
        await claim.reaches(kernelRoutes(rt01), hasRoute("172.17.254.2/32"), within.bgpUpdate);
        return { [Symbol.asyncDispose]: async () => void (await rt01.sh(mends)) };
      },
      says: /172\.17\.254\.2\/32/,
      patience: "15s",
    },
    {
      claim: "an exhausted pool leaves a Service pending",
      when: "there is a second pool",
      async breaks({ lab }) {
        return lab.deploy([addressPool("spare", "172.17.253.0/24")]);
      },
      says: /late/,
    },
    {
      claim: "a speaker that is killed comes back",
      when: "its kubelet is stopped, so that nobody starts it again",
      breaks: ({ lab }) => changed(lab.nodes["k8s-node-02"], "systemctl stop kubelet", "systemctl start kubelet"),
      says: /172\.17\.0\.22/,
      patience: "15s",
    },
    {
      claim: "a worker whose power is cut",
      when: "rt-01's BGP speaker is frozen and notices nothing",
      breaks: ({ lab }) => changed(lab.nodes["rt-01"], "pkill -STOP -x gobgpd", "pkill -CONT -x gobgpd"),
      says: /172\.17\.0\.22/,
      patience: "15s",
    },
    {
      claim: "a worker whose link is cut",
      when: "rt-01's BGP speaker is frozen and notices nothing",
      breaks: ({ lab }) => changed(lab.nodes["rt-01"], "pkill -STOP -x gobgpd", "pkill -CONT -x gobgpd"),
      says: /172\.17\.0\.23/,
      patience: "15s",
    },
    {
      claim: "when rt-01's gobgpd.service is restarted",
      when: "rt-01 refuses new BGP connections",
      breaks: ({ lab }) =>
        filtered(lab.nodes["rt-01"], "INPUT -p tcp --dport 179 --syn -j REJECT --reject-with tcp-reset"),
      says: /established/,
      patience: "15s",
    },
    {
      claim: "always: nothing outside",
      when: "a pool outside is announced",
      async breaks({ lab, reaches }) {
        const foreign = [
          addressPool("foreign", "172.18.254.0/24"),
          {
            apiVersion: "metallb.io/v1beta1",
            kind: "BGPAdvertisement",
            metadata: { name: "foreign", namespace: "metallb-system" },
            spec: { ipAddressPools: ["foreign"] },
          },
          ...nginx({
            name: "foreign",
            replicas: 1,
            service: { type: "LoadBalancer", annotations: { "metallb.io/address-pool": "foreign" } },
          }),
        ];
        const deployed = await lab.deploy(foreign);
        await reaches(kernelRoutes(lab.nodes["rt-01"]), hasRoute("172.18.254.1/32"), within.podReady);
        return deployed;
      },
      says: /172\.18\.254\.1\/32/,
    },
  ],
});

function addressPool(name: string, addresses: string) {
  const metadata = { name, namespace: "metallb-system" };
  return {
    apiVersion: "metallb.io/v1beta1",
    kind: "IPAddressPool",
    metadata,
    spec: { addresses: [addresses], avoidBuggyIPs: true },
  };
}
