import { nodesReady } from "#fixtures/addons/rollout";
import { nodes } from "#fixtures/checks/cluster";
import { etcdCluster, healthyEtcd } from "#fixtures/checks/etcd";
import { areRefusedWith } from "#fixtures/checks/kubeadm";
import { clusterInfo } from "#fixtures/probes/joining";
import { certificatesBelow, filesBelow, kubeconfigs, type Refusal, refusalOf } from "#fixtures/probes/kubeadm";
import { newSecrets } from "#fixtures/provisioners/kubeadm/config";
import {
  endpoint,
  files,
  type Joining,
  joinConfiguration,
  patches,
} from "#fixtures/provisioners/kubeadm-phases/configuration";
import { caCertHashOf } from "#fixtures/provisioners/kubeadm-phases/index";
import { equals, hasAny } from "#harness/judging/checks";
import { within } from "#harness/judging/within";
import type { Machine } from "#harness/model/machines";
import type { Claims } from "#harness/vitest/scenario";
import { markedControlPlane, marks } from "./claims-cluster.ts";
import { certificatesOf } from "./claims-init.ts";
import { secrets } from "./scenario.ts";
import { apiOf, built, etcdctl, type Name, type PhasesLab } from "./system.ts";

/** Who may join, who may not, and what they get. */
export function joinClaims(claim: Claims<Name>): void {
  claim(
    "an expired, a forged and an unknown token, another authority's hash and another certificate key are each refused in kubeadm's own words, and nothing is left on the machine",
    async ({ lab, once, reaches }) => {
      await built(lab, "pod-network");
      const [cp, worker, second] = [lab.nodes["cp-1"], lab.nodes["worker-1"], lab.nodes["cp-2"]];
      const caCertHash = await caCertHashOf(cp);
      const expired = newSecrets().token;
      const id = (token: string) => token.split(".")[0];
      await cp.sh(`kubeadm token create ${expired} --ttl 1h`, { secret: [expired] });
      await reaches(signatureOf(lab, expired), equals("verifies"), within.tokenCleaned);
      const ended = { stringData: { expiration: new Date(Date.now() - 1000).toISOString() } };
      await lab.kube.patch(
        { apiVersion: "v1", kind: "Secret", namespace: "kube-system", name: `bootstrap-token-${id(expired)}` },
        ended,
      );
      await reaches(signatureOf(lab, expired), equals("none"), within.tokenCleaned);
      const unknown = newSecrets().token;
      const good = { token: secrets.token, caCertHash };
      const attempts = {
        of: "attempts to join",
        takes: within.joinsRefused,
        look: () =>
          Promise.all([
            tried(worker, "an expired token", { ...good, token: expired }),
            tried(worker, "an unknown token", { ...good, token: unknown }),
            tried(worker, "a forged token", {
              ...good,
              token: `${id(secrets.token)}.${newSecrets().token.split(".")[1]}`,
            }),
            tried(worker, "another authority's hash", { ...good, caCertHash: `sha256:${newSecrets().certificateKey}` }),
            tried(second, "another certificate key", { ...good, certificateKey: newSecrets().certificateKey }),
          ]),
      };
      const untouched = async () => {
        for (const machine of [worker, second])
          await once(filesBelow(machine, ["/etc/kubernetes", files.kubelet]), equals(Object.keys(patches()).sort()));
      };
      await untouched();
      const noSignature = (token: string) =>
        `could not find a JWS signature in the cluster-info ConfigMap for token ID "${id(token)}"`;
      await once(
        attempts,
        areRefusedWith({
          "an expired token": noSignature(expired),
          "an unknown token": noSignature(unknown),
          "a forged token":
            "failed to verify JWS signature of received cluster info object, can't trust this API Server",
          "another authority's hash": "cluster CA found in cluster-info ConfigMap is invalid: none of the public keys",
          "another certificate key":
            "error decoding secret data with provided key: cipher: message authentication failed",
        }),
      );
      await untouched();
    },
  );

  claim(
    "a second and a third control plane join with the uploaded certificates: they have the first one's authorities, certificates for their own names, no super-admin.conf, and etcd has three members",
    async ({ lab, once, reaches }) => {
      await built(lab, "join-control-planes");
      const shared = await once(sharedBy(lab.nodes["cp-1"]), hasAny());
      for (const [name, address] of [
        ["cp-2", "192.168.10.12"],
        ["cp-3", "192.168.10.13"],
      ] as const) {
        const machine = lab.nodes[name];
        await once(certificatesBelow(machine, files.pki), equals(certificatesOf(name, address)));
        await once(sharedBy(machine), equals(shared));
        await once(kubeconfigs(machine), equals(joinedKubeconfigs(name, address)));
        await reaches(marks(lab, name), equals(markedControlPlane), within.nodeReady);
      }
      await reaches(etcdCluster(lab.nodes["cp-1"], etcdctl), healthyEtcd(3), within.etcdHealthy);
      await reaches(nodes(lab.kube), nodesReady(["cp-1", "cp-2", "cp-3"]), within.nodeReady);
    },
  );

  claim(
    "a worker joins with a token, holds the cluster's authority and a certificate of its own that it asked for, and nothing that signs",
    async ({ lab, once, reaches }) => {
      await built(lab, "join-workers");
      const worker = lab.nodes["worker-1"];
      const own = ["kubeadm.yaml", "kubelet.conf", "pki/ca.crt"].map((file) => `/etc/kubernetes/${file}`);
      await once(filesBelow(worker, ["/etc/kubernetes"]), equals([...own, ...Object.keys(patches())].sort()));
      await once(
        kubeconfigs(worker),
        equals({ "kubelet.conf": ownCertificate("worker-1", `https://${endpoint}:6443`) }),
      );
      await once(marks(lab, "worker-1"), equals({ labels: [], taints: [] }));
      await reaches(nodes(lab.kube), nodesReady(["worker-1"]), within.nodeReady);
    },
  );
}

/** Of a token: whether cluster-info bears its signature. */
const signatureOf = ({ nodes }: PhasesLab, token: string) => ({
  of: `signature of the token ${token.split(".")[0]} in cluster-info`,
  look: async (signal: AbortSignal) =>
    (await clusterInfo(nodes["client-1"], apiOf(nodes["cp-1"]), { it: token }).look(signal)).signatures.it,
});

/** Hashes of what all control planes must have in common. */
const sharedBy = (machine: Machine) => ({
  of: `authorities and key pair for tokens on ${machine.name}`,
  async look(signal: AbortSignal) {
    const names = ["ca.crt", "ca.key", "front-proxy-ca.crt", "front-proxy-ca.key", "etcd/ca.crt", "etcd/ca.key"];
    const command = `cd ${files.pki} && sha256sum ${[...names, "sa.key", "sa.pub"].join(" ")}`;
    return (await machine.sh(command, { signal })).stdout.trim().split("\n");
  },
});

/** What `kubeadm join` writes on a control plane. */
const joinedKubeconfigs = (name: string, address: string) => {
  const [anywhere, here] = [`https://${endpoint}:6443`, `https://${address}:6443`];
  const embedded = { days: 365, certificate: "embedded" };
  return {
    "admin.conf": { server: anywhere, subject: "O=kubeadm:cluster-admins, CN=kubernetes-admin", ...embedded },
    "controller-manager.conf": { server: here, subject: "CN=system:kube-controller-manager", ...embedded },
    "kubelet.conf": ownCertificate(name, here),
    "scheduler.conf": { server: here, subject: "CN=system:kube-scheduler", ...embedded },
  };
};

/** The kubeconfig of a kubelet that asked for its certificate itself. */
const ownCertificate = (name: string, server: string) => ({
  server,
  subject: `O=system:nodes, CN=system:node:${name}`,
  days: 365,
  certificate: `${files.kubelet}/pki/kubelet-client-current.pem`,
});

/** What kubeadm says to an attempt; its files are gone afterwards. */
async function tried(machine: Machine, what: string, joining: Joining): Promise<Refusal> {
  const file = `/tmp/${what.replaceAll(/\W/g, "-")}.yaml`;
  await machine.put({
    [file]: { content: joinConfiguration(machine.node, { ...joining, discovery: "3s" }), mode: 0o600 },
  });
  const { token, certificateKey } = joining;
  const secret = [token, ...(certificateKey ? [certificateKey] : [])];
  const done = await machine.sh(`kubeadm join --config ${file}; code=$?; rm ${file}; exit $code`, {
    ok: "any",
    secret,
  });
  return refusalOf(what, done);
}
