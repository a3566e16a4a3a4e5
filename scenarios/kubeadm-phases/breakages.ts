import { changed } from "#fixtures/faults/changes";
import { clusterInfo } from "#fixtures/probes/joining";
import { files } from "#fixtures/provisioners/kubeadm-phases/configuration";
import type { Phase } from "#fixtures/provisioners/kubeadm-phases/index";
import { binding } from "#fixtures/workloads/teams";
import { equals } from "#harness/judging/checks";
import { within } from "#harness/judging/within";
import type { KubeRef } from "#harness/model/kube";
import type { Machine } from "#harness/model/machines";
import type { Breakage } from "#harness/vitest/reddened";
import type { Claim } from "#harness/vitest/scenario";
import { secrets } from "./scenario.ts";
import { apiOf, built, type Name, type PhasesLab } from "./system.ts";

type Breaks = Breakage<Name>["breaks"];

/** Once the steps up to this one have been taken. */
const after =
  (phase: Phase, breaks: (lab: PhasesLab, claim: Claim<Name>) => Promise<AsyncDisposable>): Breaks =>
  async (claim) => {
    await built(claim.lab, phase);
    return breaks(claim.lab, claim);
  };

const onFirst = (change: string, back: string) => (lab: PhasesLab) => changed(lab.nodes["cp-1"], change, back);

/** A phase run again without some of the patches, and with all of them when this is disposed. */
function withoutPatches(patches: string, phase: string) {
  const run = `kubeadm init phase ${phase} --config ${files.configuration}`;
  const away = "/tmp/patches";
  return onFirst(
    `mkdir -p ${away} && mv ${files.patches}/${patches} ${away} && ${run}`,
    `mv ${away}/* ${files.patches} && ${run}`,
  );
}

const grants =
  (clusterRole: string, kind: "User" | "Group", name: string, namespace?: string) =>
  (lab: PhasesLab): Promise<AsyncDisposable> =>
    lab.deploy([binding("too-much", clusterRole, { kind, name }, namespace)]);

/** An object changed by a merge patch, and back by another. */
const merged = (ref: KubeRef & { name: string }, patch: unknown, back: unknown) => async (lab: PhasesLab) => {
  await lab.kube.patch(ref, patch);
  return { [Symbol.asyncDispose]: () => lab.kube.patch(ref, back) };
};

/** Another kubeadm comes first in the PATH: a shell script, in which `real` is the real one. */
async function anotherKubeadm(machine: Machine, script: string): Promise<AsyncDisposable> {
  const path = "/usr/local/sbin/kubeadm";
  await machine.put({ [path]: { content: `#!/bin/sh\nreal=/usr/local/bin/kubeadm\n${script}\n`, mode: 0o755 } });
  return { [Symbol.asyncDispose]: async () => void (await machine.sh(["rm", path])) };
}

const kubectl = `kubectl --kubeconfig ${files.superAdmin}`;
const inKubeSystem = (kind: string, name: string) => ({ apiVersion: "v1", kind, namespace: "kube-system", name });
const [tokenId = ""] = secrets.token.split(".");
const schedulerManifest = `${files.manifests}/kube-scheduler.yaml`;
const schedulerLives = "curl -sk --max-time 1 https://localhost:10259/livez";

/** What makes each claim false, in the order in which the cluster is built. */
export const breakages: readonly Breakage<Name>[] = [
  {
    claim: "preflight lets a fit machine pass",
    when: "something listens at the scheduler's port",
    breaks: after("configuration", async ({ nodes }) => {
      const listener = await nodes["cp-1"].sh.start([
        "python3",
        "-uc",
        'import socket, time; s = socket.create_server(("", 10259)); print("listens"); time.sleep(3600)',
      ]);
      for await (const _ of listener.lines) break;
      return listener;
    }),
    says: /errors: \[ 'Port-10259' \]/,
  },
  {
    claim: "certs makes three authorities",
    when: "the certificate for kubelets is another client's",
    breaks: after(
      "certs",
      onFirst(
        `cd ${files.pki} && cp -p apiserver-kubelet-client.crt /tmp && cp front-proxy-client.crt apiserver-kubelet-client.crt`,
        `mv /tmp/apiserver-kubelet-client.crt ${files.pki}`,
      ),
    ),
    says: /apiserver-kubelet-client.crt.subject: expected 'CN=kube-apiserver-kubelet-client', was 'CN=front-proxy-client'/,
  },
  {
    claim: "certs makes three authorities",
    when: "another key lies there",
    breaks: after("certs", onFirst(`cp -p ${files.pki}/ca.key ${files.pki}/old.key`, `rm ${files.pki}/old.key`)),
    says: /unexpected '\/etc\/kubernetes\/pki\/old.key'/,
  },
  {
    claim: "kubeconfig writes five kubeconfigs",
    when: "the scheduler's asks another control plane",
    breaks: after(
      "kubeconfig",
      onFirst(
        "sed -i s/192.168.10.11:/192.168.10.12:/ /etc/kubernetes/scheduler.conf",
        "sed -i s/192.168.10.12:/192.168.10.11:/ /etc/kubernetes/scheduler.conf",
      ),
    ),
    says: /scheduler.conf.server: expected 'https:\/\/192.168.10.11:6443'/,
  },
  {
    claim: "etcd writes one static pod",
    when: "the phase is run without its patch",
    breaks: after("etcd", withoutPatches("etcd+strategic.yaml", "etcd local")),
    says: /etcd.startupProbe.*periodSeconds: expected 1, was 10/s,
  },
  {
    claim: "control-plane writes three static pods",
    when: "the phase is run without the scheduler's JSON patch",
    breaks: after("control-plane", withoutPatches("kube-scheduler1+json.yaml", "control-plane scheduler")),
    says: /kube-scheduler.cpu: expected '50m', was '100m'/,
  },
  {
    claim: "kubelet-start configures the kubelet",
    when: "its configuration is that of all machines",
    breaks: after(
      "kubelet-start",
      onFirst(
        `sed -i 's/containerLogMaxFiles: 3/containerLogMaxFiles: 5/' ${files.kubelet}/config.yaml`,
        `sed -i 's/containerLogMaxFiles: 5/containerLogMaxFiles: 3/' ${files.kubelet}/config.yaml`,
      ),
    ),
    says: /containerLogMaxFiles: expected 3, was 5/,
  },
  {
    claim: "when wait-control-plane returns",
    when: "the scheduler has ended",
    breaks: after(
      "wait-control-plane",
      onFirst(
        `mv ${schedulerManifest} /tmp && while ${schedulerLives}; do sleep 0.2; done`,
        `mv /tmp/kube-scheduler.yaml ${schedulerManifest} && until ${schedulerLives}; do sleep 0.2; done`,
      ),
    ),
    says: /kube-scheduler: expected 'ok', was ''/,
  },
  {
    claim: "admin.conf may do all",
    when: "the scheduler is cluster-admin, too",
    breaks: after("wait-control-plane", grants("cluster-admin", "User", "system:kube-scheduler")),
    says: /scheduler × list Secrets: expected 403, was yes/,
  },
  {
    claim: "upload-config keeps what all machines share",
    when: "the ConfigMap has a list of control planes, as it had until 1.21",
    breaks: after(
      "upload-config",
      merged(
        inKubeSystem("ConfigMap", "kubeadm-config"),
        { data: { ClusterStatus: "apiEndpoints: {}" } },
        { data: { ClusterStatus: null } },
      ),
    ),
    says: /unexpected 'ClusterStatus'/,
  },
  {
    claim: "who joins and who is a node may get both ConfigMaps",
    when: "somebody may view kube-system",
    breaks: after("upload-config", grants("view", "User", "dave", "kube-system")),
    says: /somebody logged in × get kubeadm-config: expected 403, was yes/,
  },
  {
    claim: "upload-certs keeps the authorities",
    when: "they are uploaded again with another key",
    breaks: after("upload-certs", ({ nodes }) => {
      const upload = (configuration: string) =>
        `kubeadm init phase upload-certs --upload-certs --skip-certificate-key-print --config ${configuration}`;
      const other =
        "sed 's/^certificateKey: .*/certificateKey: '$(head -c 32 /dev/urandom | od -An -tx1 | tr -d ' \\n')/";
      return changed(
        nodes["cp-1"],
        `${other} ${files.configuration} >/tmp/other.yaml && ${upload("/tmp/other.yaml")}; code=$?; rm /tmp/other.yaml; exit $code`,
        upload(files.configuration),
      );
    }),
    says: /withKey: expected 'the file on disk', was 'nothing'/,
  },
  {
    claim: "administrators, the controller-manager and who joins may get",
    when: "somebody may edit kube-system",
    breaks: after("upload-certs", grants("edit", "User", "dave", "kube-system")),
    says: /somebody logged in × get kubeadm-certs: expected 403, was yes/,
  },
  {
    claim: "mark-control-plane labels the node",
    when: "it is labelled master, as until 1.23",
    breaks: after(
      "mark-control-plane",
      merged(
        { apiVersion: "v1", kind: "Node", name: "cp-1" },
        { metadata: { labels: { "node-role.kubernetes.io/master": "" } } },
        { metadata: { labels: { "node-role.kubernetes.io/master": null } } },
      ),
    ),
    says: /unexpected 'node-role.kubernetes.io\/master'/,
  },
  {
    claim: "bootstrap-token makes a token",
    when: "whoever joins may view everything",
    breaks: after("bootstrap-token", grants("view", "Group", "system:bootstrappers:kubeadm:default-node-token")),
    says: /the token × list Pods: expected 403, was yes/,
  },
  {
    claim: "bootstrap-token also lets the API server",
    when: "its binding is gone",
    breaks: after(
      "bootstrap-token",
      onFirst(
        `${kubectl} delete clusterrolebinding kubeadm:apiserver-kubelet-client && ${kubectl} -n kube-system wait --for=create pod/etcd-cp-1 --timeout=100s`,
        `kubeadm init phase bootstrap-token --skip-token-print --config ${files.configuration}`,
      ),
    ),
    says: /is 'read'.*Forbidden.*user=kube-apiserver-kubelet-client/s,
  },
  {
    claim: "cluster-info tells anybody",
    when: "the token is not good for signing",
    breaks: after("bootstrap-token", async (lab, { reaches }) => {
      const secret = inKubeSystem("Secret", `bootstrap-token-${tokenId}`);
      const signing = (data: string | null) => ({ stringData: { "usage-bootstrap-signing": data } });
      await lab.kube.patch(secret, signing("false"));
      const info = clusterInfo(lab.nodes["client-1"], apiOf(lab.nodes["cp-1"]), { it: secrets.token });
      const signature = { of: info.of, look: async (signal: AbortSignal) => (await info.look(signal)).signatures.it };
      await reaches(signature, equals("none"), within.tokenCleaned);
      return { [Symbol.asyncDispose]: () => lab.kube.patch(secret, signing("true")) };
    }),
    says: /signatures.the token: expected 'verifies', was 'none'/,
  },
  {
    claim: "of everything that the API serves",
    when: "everybody may view everything",
    breaks: after("bootstrap-token", grants("view", "Group", "system:unauthenticated")),
    says: /\/api\/v1\/pods: expected 401 or 403, was 200/,
  },
  {
    claim: "kubelet-finalize lets the kubelet use",
    when: "its kubeconfig is made anew",
    breaks: after("kubelet-finalize", ({ nodes }) => {
      const phase = (words: string) => `kubeadm init phase ${words} --config ${files.configuration}`;
      const kubeconfig = "/etc/kubernetes/kubelet.conf";
      return changed(
        nodes["cp-1"],
        `rm ${kubeconfig} && ${phase("kubeconfig kubelet")}`,
        phase("kubelet-finalize all"),
      );
    }),
    says: /certificate: expected '.*kubelet-client-current.pem', was 'embedded'/,
  },
  {
    claim: "a kubelet whose certificate",
    when: "nobody approves its request",
    breaks: after("kubelet-finalize", (lab) => {
      const name = "kubeadm:node-autoapprove-certificate-rotation";
      const role = "system:certificates.k8s.io:certificatesigningrequests:selfnodeclient";
      return changed(
        lab.nodes["cp-1"],
        `${kubectl} delete clusterrolebinding ${name}`,
        `${kubectl} create clusterrolebinding ${name} --clusterrole=${role} --group=system:nodes && systemctl restart kubelet`,
      );
    }),
    says: /is 365.*actual: +0/s,
  },
  {
    claim: "addon starts kube-proxy",
    when: "kube-proxy is for other nodes",
    breaks: after(
      "addon",
      merged(
        { apiVersion: "apps/v1", kind: "DaemonSet", namespace: "kube-system", name: "kube-proxy" },
        { spec: { template: { spec: { nodeSelector: { elsewhere: "yes" } } } } },
        { spec: { template: { spec: { nodeSelector: { elsewhere: null } } } } },
      ),
    ),
    says: /DaemonSet kube-system\/kube-proxy has 1 ready pod/,
  },
  {
    claim: "a static pod cannot be deleted",
    when: "its kubelet does not run",
    breaks: after("pod-network", onFirst("systemctl stop kubelet", "systemctl start kubelet")),
    says: /has another mirror than/,
  },
  {
    claim: "an expired, a forged and an unknown token",
    when: "a worker's kubeadm takes everything",
    breaks: after("pod-network", ({ nodes }) => anotherKubeadm(nodes["worker-1"], "exit 0")),
    says: /a forged token: was not refused/,
  },
  {
    claim: "an expired, a forged and an unknown token",
    when: "an attempt leaves something",
    breaks: after("pod-network", ({ nodes }) =>
      changed(nodes["worker-1"], "touch /etc/kubernetes/kubelet.conf", "rm -f /etc/kubernetes/kubelet.conf"),
    ),
    says: /unexpected '\/etc\/kubernetes\/kubelet.conf'/,
  },
  {
    claim: "a second and a third control plane join",
    when: "the third has a super-admin.conf",
    breaks: after("join-control-planes", ({ nodes }) =>
      changed(
        nodes["cp-3"],
        "cp -p /etc/kubernetes/admin.conf /etc/kubernetes/super-admin.conf",
        "rm /etc/kubernetes/super-admin.conf",
      ),
    ),
    says: /super-admin.conf: expected undefined, was/,
  },
  {
    claim: "a worker joins with a token",
    when: "the authority's key lies on it",
    breaks: after("join-workers", ({ nodes }) =>
      changed(nodes["worker-1"], `touch ${files.pki}/ca.key`, `rm ${files.pki}/ca.key`),
    ),
    says: /unexpected '\/etc\/kubernetes\/pki\/ca.key'/,
  },
  {
    claim: "certs check-expiration tells",
    when: "kubeadm tells of another year",
    breaks: after("join-workers", ({ nodes }) =>
      anotherKubeadm(nodes["cp-1"], `$real "$@" | sed 's/"expirationDate": "20../"expirationDate": "2099/'`),
    ),
    says: /apiserver: expected 'as written', was '2099-/,
  },
  {
    claim: "certs renew all replaces",
    when: "the cluster's authority has its key elsewhere",
    breaks: after("join-workers", onFirst(`mv ${files.pki}/ca.key /srv/ca.key`, `mv /srv/ca.key ${files.pki}/ca.key`)),
    says: /pki\/apiserver.crt: was to be renewed, and is as before/,
  },
  {
    claim: "config migrate turns",
    when: "kubeadm leaves the configuration as it is",
    breaks: after("join-workers", ({ nodes }) => anotherKubeadm(nodes["cp-1"], "cat")),
    says: /apiServer.timeoutForControlPlane: expected undefined, was '2m30s'/,
  },
  {
    claim: "config validate passes",
    when: "kubeadm takes every configuration",
    breaks: after("join-workers", ({ nodes }) => anotherKubeadm(nodes["cp-1"], "echo ok")),
    says: /an unknown field: was not refused/,
  },
  {
    claim: "the uploaded certificates are gone",
    when: "something keeps them",
    breaks: after(
      "join-workers",
      merged(
        inKubeSystem("Secret", "kubeadm-certs"),
        { metadata: { finalizers: ["example.org/keep"] } },
        { metadata: { finalizers: null } },
      ),
    ),
    says: /Secrets called kubeadm-certs no longer has any/,
  },
  {
    claim: "reset takes a control plane's member out",
    when: "kubeadm does nothing",
    breaks: after("join-workers", ({ nodes }) => anotherKubeadm(nodes["cp-3"], "exit 0")),
    says: /are 2, all well, with one leader/,
  },
  {
    claim: "reset takes a control plane's member out",
    when: "it takes the CNI configuration away as well",
    breaks: after("join-workers", ({ nodes }) =>
      anotherKubeadm(nodes["cp-3"], '$real "$@" && rm /etc/cni/net.d/10-flannel.conflist'),
    ),
    says: /10-flannel.conflist/,
    patience: "20s",
  },
];
