import { hasRoute } from "#fixtures/checks/routes";
import { endpointNodes, hasAddress, loadBalancerAddress, serviceEvents, tells } from "#fixtures/checks/services";
import { answers, http } from "#fixtures/probes/http";
import { kernelRoutes } from "#fixtures/routers/probes";
import { nginx } from "#fixtures/workloads/nginx";
import { equals, hasExactly, not } from "#harness/judging/checks";
import { within } from "#harness/judging/within";
import type { KubeObject } from "#harness/model/kube";
import type { Claims } from "#harness/vitest/scenario";
import { clientAddress, type MetallbLab, type Name, type System, vip, workers } from "./system.ts";

/** What Services ask of MetalLB, and how it answers: traffic policy, further addresses, none left. */
export function serviceClaims(claim: Claims<Name>, { route, web }: System): void {
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
      await reaches(http(client, `http://${ip}/client`), answers({ saying: clientAddress }), within.endpointsUpdate);
      const local = { apiVersion: "v1", kind: "Service", namespace: "default", name: "local" };
      await lab.kube.patch(local, { spec: { externalTrafficPolicy: "Cluster" } });
      await reaches(kernelRoutes(rt01), route(ip, ...workers), within.bgpUpdate);
      await reaches(http(client, `http://${ip}/`), answers(), within.endpointsUpdate);
    },
  );

  claim("a second Service gets another address, and deleting it withdraws its route", async ({ lab, reaches }) => {
    await web(lab);
    const { "client-01": client, "rt-01": rt01 } = lab.nodes;
    const ip = "172.17.254.2";
    {
      await using _second = await lab.deploy(nginx({ name: "second", replicas: 1, service: { type: "LoadBalancer" } }));
      await reaches(loadBalancerAddress(lab.kube, "second"), hasExactly(ip), within.serviceAddress);
      await reaches(kernelRoutes(rt01), route(ip, ...workers), within.podReady);
      await reaches(http(client, `http://${ip}/`), answers({ saying: "second" }), within.endpointsUpdate);
    }
    await reaches(kernelRoutes(rt01), not(hasRoute(`${ip}/32`)), within.bgpWithdrawal);
    await reaches(http(client, `http://${ip}/`), not(answers({ saying: "second" })), within.bgpWithdrawal);
  });

  claim("an exhausted pool leaves a Service pending, with an event that says so", async ({ lab, reaches, holds }) => {
    await web(lab);
    await reaches(loadBalancerAddress(lab.kube, "web"), hasExactly(vip), within.serviceAddress);
    await using _pool = await poolOf(lab, `${vip}/32`);
    await using _late = await lab.deploy(nginx({ name: "late", replicas: 1, service: { type: "LoadBalancer" } }));
    await reaches(serviceEvents(lab.kube, "late"), tells("AllocationFailed", "no available IPs"), within.eventTold);
    await holds(loadBalancerAddress(lab.kube, "late"), equals([]), { for: "2s" });
  });
}

/** MetalLB's pool, of other addresses than it was given. */
async function poolOf({ kube }: MetallbLab, ...addresses: string[]): Promise<AsyncDisposable> {
  const pool = { apiVersion: "metallb.io/v1beta1", kind: "IPAddressPool", namespace: "metallb-system", name: "pool" };
  const { spec } = (await kube.get<KubeObject & { spec: { addresses: string[] } }>(pool)) ?? {};
  await kube.patch(pool, { spec: { addresses } });
  return { [Symbol.asyncDispose]: () => kube.patch(pool, { spec: { addresses: spec?.addresses } }) };
}
