import { parse } from "yaml";
import { rolledOut, rollout } from "#fixtures/addons/rollout";
import { areEntitled, type Entitlement, truthTable } from "#fixtures/checks/access";
import { nodeReady, nodes, pods } from "#fixtures/checks/cluster";
import { grantsOnly } from "#fixtures/checks/kubeadm";
import type { Asked } from "#fixtures/probes/access";
import { clusterInfo, uploadedCertificates } from "#fixtures/probes/joining";
import { kubeconfigs, takenFor } from "#fixtures/probes/kubeadm";
import { newSecrets } from "#fixtures/provisioners/kubeadm/config";
import { endpoint, files } from "#fixtures/provisioners/kubeadm-phases/configuration";
import { defineCheck, equals, met, unmet } from "#harness/judging/checks";
import { within } from "#harness/judging/within";
import { LabBroken } from "#harness/model/errors";
import type { KubeObject } from "#harness/model/kube";
import type { Identity } from "#harness/model/pki";
import { issue } from "#harness/provision/pki/issue";
import type { Claims } from "#harness/vitest/scenario";
import { secrets } from "./scenario.ts";
import { apiOf, asked, built, everybody, type Name, type PhasesLab, requests } from "./system.ts";

const kubeSystem = "/api/v1/namespaces/kube-system";

/** What `kubeadm init` puts into the API, and who may do what with it. */
export function clusterClaims(claim: Claims<Name>): void {
  claim(
    "upload-config keeps what all machines share in two ConfigMaps: the cluster's without a list of its control planes, the kubelets' without this machine's patch",
    async ({ lab, once }) => {
      await built(lab, "upload-config");
      await once(configuration(lab), equals(uploaded));
    },
  );

  claim(
    "who joins and who is a node may get both ConfigMaps and no other, the controller-manager reads all, administrators may change them, and nobody else gets them",
    async ({ lab, reaches, attach }) => {
      await built(lab, "upload-config");
      const { get, dryRun } = requests(lab);
      const titles = {
        "get kubeadm-config": get(`${kubeSystem}/configmaps/kubeadm-config`),
        "get kubelet-config": get(`${kubeSystem}/configmaps/kubelet-config`),
        "get another ConfigMap": get(`${kubeSystem}/configmaps/extension-apiserver-authentication`),
        "list ConfigMaps": get(`${kubeSystem}/configmaps`),
        "change kubeadm-config": dryRun("PATCH", `${kubeSystem}/configmaps/kubeadm-config`, { data: { new: "yes" } }),
      };
      const both = ["get kubeadm-config", "get kubelet-config"];
      const authentication = "get another ConfigMap";
      const entitled = entitlements({
        administrators: Object.keys(titles),
        "kubelet of cp-1": both,
        "who joins": both,
        // Who serves an aggregated API reads there whom the API server trusts; and the controller-manager reads everything.
        "controller-manager": [...both, authentication, "list ConfigMaps"],
        scheduler: [authentication],
      });
      const seen = await asked(lab, await everybody(lab), titles);
      attach(
        "who may read the configuration.txt",
        truthTable((await reaches(seen, areEntitled(Object.keys(titles), entitled), within.permissionsHeard)).seen),
      );
    },
  );

  claim(
    "upload-certs keeps the authorities and the key pair for tokens in a Secret that opens with the certificate key and with no other; it belongs to a bootstrap token that is good for nothing else and lives for two hours",
    async ({ lab, once }) => {
      await built(lab, "upload-certs");
      const entry = { withKey: "the file on disk", withAnotherKey: "nothing" };
      const names = ["ca", "etcd-ca", "front-proxy-ca"].flatMap((name) => [`${name}.crt`, `${name}.key`]);
      await once(
        uploadedCertificates(lab.kube, lab.nodes["cp-1"], secrets.certificateKey),
        equals({
          entries: Object.fromEntries([...names, "sa.key", "sa.pub"].map((name) => [name, entry])),
          owner: {
            kind: "Secret",
            type: "bootstrap.kubernetes.io/token",
            description: "Proxy for managing TTL for the kubeadm-certs secret",
            usages: [],
            hours: 2,
          },
        }),
      );
    },
  );

  claim(
    "administrators, the controller-manager and who joins may get the Secret kubeadm-certs, and nobody else",
    async ({ lab, reaches, attach }) => {
      await built(lab, "upload-certs");
      const { get } = requests(lab);
      const titles = {
        "get kubeadm-certs": get(`${kubeSystem}/secrets/kubeadm-certs`),
        "list Secrets": get(`${kubeSystem}/secrets`),
      };
      const entitled = entitlements({
        administrators: Object.keys(titles),
        "who joins": ["get kubeadm-certs"],
        "controller-manager": Object.keys(titles),
      });
      const seen = await asked(lab, await everybody(lab), titles);
      attach(
        "who may get the certificates.txt",
        truthTable((await reaches(seen, areEntitled(Object.keys(titles), entitled), within.permissionsHeard)).seen),
      );
    },
  );

  claim(
    "mark-control-plane labels the node control-plane, and no longer master, keeps it from external load balancers, and taints it",
    async ({ lab, once }) => {
      await built(lab, "mark-control-plane");
      await once(marks(lab, "cp-1"), equals(markedControlPlane));
    },
  );

  claim(
    "bootstrap-token makes a token with which a machine may ask to become a node and read what it needs for that, and do nothing else",
    async ({ lab, reaches, once, attach }) => {
      await built(lab, "bootstrap-token");
      await once(
        token(lab, secrets.token),
        equals({
          type: "bootstrap.kubernetes.io/token",
          description: "for the nodes of this lab",
          "usage-bootstrap-authentication": "true",
          "usage-bootstrap-signing": "true",
          "auth-extra-groups": "system:bootstrappers:kubeadm:default-node-token",
          hours: 24,
        }),
      );
      const titles = await whatATokenMightDo(lab);
      const [id] = secrets.token.split(".");
      const groups = [
        "system:bootstrappers",
        "system:bootstrappers:kubeadm:default-node-token",
        "system:authenticated",
      ];
      const may = [
        "be known",
        "ask for a certificate",
        "get a Node",
        "get kubeadm-config",
        "get kubelet-config",
        "get kubeadm-certs",
      ];
      const good: Entitlement = { may, otherwise: 403, as: { name: `system:bootstrap:${id}`, groups } };
      const callers = {
        "the token": { with: { token: secrets.token } },
        "another secret": { with: { token: `${id}.${newSecrets().token.split(".")[1]}` } },
        "the token of kubeadm-certs": { with: { token: await tokenOfCertificates(lab) } },
      };
      const refused: Entitlement = { may: [], otherwise: 401 };
      const entitled = { "the token": good, "another secret": refused, "the token of kubeadm-certs": refused };
      const seen = await asked(lab, callers, titles);
      attach(
        "what a bootstrap token may do.txt",
        truthTable((await reaches(seen, areEntitled(Object.keys(titles), entitled), within.permissionsHeard)).seen),
      );
    },
  );

  claim(
    "bootstrap-token also lets the API server into kubelets: from then on a pod's log can be read",
    async ({ lab, reaches }) => {
      await built(lab, "bootstrap-token");
      await reaches(logOf(lab, "etcd-cp-1"), equals("read"), within.mirrorMade);
    },
  );

  claim(
    "cluster-info tells anybody the endpoint and its authority, signed with the token's secret: the token verifies it and no other does",
    async ({ lab, reaches }) => {
      await built(lab, "bootstrap-token");
      const cp = lab.nodes["cp-1"];
      const { stdout: ca } = await cp.sh(["cat", files.ca]);
      const [id] = secrets.token.split(".");
      const tokens = {
        "the token": secrets.token,
        "the same with another secret": `${id}.${newSecrets().token.split(".")[1]}`,
        "a token that never was": newSecrets().token,
      };
      await reaches(
        clusterInfo(lab.nodes["client-1"], apiOf(cp), tokens),
        equals({
          status: 200,
          server: `https://${endpoint}:6443`,
          ca,
          signatures: {
            "the token": "verifies",
            "the same with another secret": "does not verify",
            "a token that never was": "none",
          },
        }),
        within.apiAnswers,
      );
    },
  );

  claim(
    "of everything that the API serves anonymous callers get health, version and cluster-info, and nothing else",
    async ({ lab, once, measure }) => {
      await built(lab, "bootstrap-token");
      const all = await everythingThatIsServed(lab);
      const seen = await asked(lab, { anonymous: { with: {} } }, all);
      const open = ["/healthz", "/livez", "/readyz", "/version"];
      const decided = await once(seen, grantsOnly([...open, "/api/v1/namespaces/kube-public/configmaps/cluster-info"]));
      measure("requests that anonymous callers made", decided.length, "requests");
    },
  );

  claim(
    "kubelet-finalize lets the kubelet use a certificate that it can renew, in a file of its own",
    async ({ lab, reaches }) => {
      const cp = lab.nodes["cp-1"];
      await built(lab, "kubelet-finalize");
      const ofKubelet = {
        of: `the kubelet's kubeconfig on ${cp.name}`,
        look: async (signal: AbortSignal) => (await kubeconfigs(cp).look(signal))["kubelet.conf"],
      };
      await reaches(
        ofKubelet,
        equals({
          server: apiOf(cp),
          subject: "O=system:nodes, CN=system:node:cp-1",
          days: 365,
          certificate: `${files.kubelet}/pki/kubelet-client-current.pem`,
        }),
        within.kubeletRotates,
      );
      await reaches(
        takenFor(cp, ["kubelet.conf"]),
        equals({ "kubelet.conf": { user: "system:node:cp-1", groups: ["system:nodes", "system:authenticated"] } }),
        within.apiAnswers,
      );
    },
  );

  claim(
    "a kubelet whose certificate has a twentieth of its life left gets the next by itself, approved and signed without a person",
    async ({ lab, once, reaches, measure }) => {
      await built(lab, "kubelet-finalize");
      const old = await almostExpired(lab);
      const current = `${files.kubelet}/pki/kubelet-client-current.pem`;
      const cp = lab.nodes["cp-1"];
      const almost = `${files.kubelet}/pki/kubelet-client-almost-expired.pem`;
      await cp.put({ [almost]: { content: old.certificate + old.key, mode: 0o600 } });
      const days = {
        of: `days for which the kubelet's certificate on ${cp.name} was made`,
        look: async (signal: AbortSignal) => (await kubeconfigs(cp).look(signal))["kubelet.conf"]?.days,
      };
      await cp.sh(`systemctl stop kubelet && ln -sfn ${almost} ${current}`);
      await once(days, equals(0));
      await cp.sh("systemctl start kubelet");
      const { afterMs } = await reaches(days, equals(365), within.kubeletRotates);
      measure("from the kubelet's start until it has its next certificate", afterMs, "ms");
    },
  );

  claim("addon starts kube-proxy, and CoreDNS, which waits for a network between pods", async ({ lab, reaches }) => {
    await built(lab, "addon");
    await reaches(rollout(lab.kube, "DaemonSet", "kube-system", "kube-proxy"), rolledOut(1), within.addonReady);
    await reaches(phasesOf(lab, "k8s-app=kube-dns"), equals(["Pending", "Pending"]), within.addonReady);
    await built(lab, "pod-network");
    await reaches(nodes(lab.kube), nodeReady("cp-1"), within.nodeReady);
    await reaches(rollout(lab.kube, "Deployment", "kube-system", "coredns"), rolledOut(2), within.addonReady);
    await reaches(nameOfTheApi(lab), equals("10.96.0.1"), within.dnsAnswers);
  });

  claim(
    "a static pod cannot be deleted through the API: its mirror comes back, and the container never stopped",
    async ({ lab, once, reaches }) => {
      await built(lab, "pod-network");
      const { uid: before, ...running } = await once(schedulerOf(lab), showsAll());
      await lab.kube.remove(
        { apiVersion: "v1", kind: "Pod", namespace: "kube-system", name: "kube-scheduler-cp-1" },
        { wait: false },
      );
      await reaches(schedulerOf(lab), isAnewFor(before, running), within.mirrorReturns);
    },
  );
}

/** What is granted to whom, of those whom `everybody` tells of; and to nobody else. */
function entitlements(may: Readonly<Record<string, readonly string[]>>): Record<string, Entitlement> {
  const { administrators = [], ...others } = may;
  const none = ["kubelet of cp-1", "controller-manager", "scheduler", "who joins", "another bootstrap token"];
  const all = {
    ...Object.fromEntries(
      [...none, "a ServiceAccount", "somebody logged in", "anonymous"].map((who) => [who, [] as readonly string[]]),
    ),
    ...others,
  };
  return Object.fromEntries(
    Object.entries({ ...all, admin: administrators, "super-admin": administrators }).map(([who, titles]) => [
      who,
      { may: titles, otherwise: 403 as const },
    ]),
  );
}

type ConfigMap = KubeObject & { readonly data: Readonly<Record<string, string>> };
type Secret = KubeObject & { readonly type: string; readonly data: Readonly<Record<string, string>> };

const inKubeSystem = (kind: string, name: string) => ({ apiVersion: "v1", kind, namespace: "kube-system", name });

/** What the two ConfigMaps hold: their keys, and what is worth telling of each. */
const configuration = ({ kube }: PhasesLab) => ({
  of: "ConfigMaps kubeadm-config and kubelet-config",
  async look() {
    const cluster = await kube.get<ConfigMap>(inKubeSystem("ConfigMap", "kubeadm-config"));
    const kubelet = await kube.get<ConfigMap>(inKubeSystem("ConfigMap", "kubelet-config"));
    const { apiVersion, kind, kubernetesVersion, controlPlaneEndpoint, networking } = parse(
      cluster?.data.ClusterConfiguration ?? "{}",
    );
    const { failSwapOn, rotateCertificates, containerLogMaxFiles = "not set" } = parse(kubelet?.data.kubelet ?? "{}");
    return {
      keys: [...Object.keys(cluster?.data ?? {}), ...Object.keys(kubelet?.data ?? {})],
      cluster: { apiVersion, kind, kubernetesVersion, controlPlaneEndpoint, networking },
      kubelet: { failSwapOn, rotateCertificates, containerLogMaxFiles },
    };
  },
});

const uploaded = {
  keys: ["ClusterConfiguration", "kubelet"],
  cluster: {
    apiVersion: "kubeadm.k8s.io/v1beta4",
    kind: "ClusterConfiguration",
    kubernetesVersion: "v1.36.3",
    controlPlaneEndpoint: `${endpoint}:6443`,
    networking: { dnsDomain: "cluster.local", podSubnet: "10.244.0.0/16", serviceSubnet: "10.96.0.0/12" },
  },
  kubelet: { failSwapOn: false, rotateCertificates: true, containerLogMaxFiles: "not set" },
};

/** What tells that a node is a control plane. */
export const marks = ({ kube }: PhasesLab, name: string) => ({
  of: `marks of the node ${name}`,
  async look() {
    const node = await kube.get({ apiVersion: "v1", kind: "Node", name });
    const { taints = [] } = (node?.spec ?? {}) as { taints?: { key: string; effect: string }[] };
    return {
      labels: Object.keys(node?.metadata.labels ?? {}).filter((key) => /node-role|exclude/.test(key)),
      taints: taints.filter(({ key }) => key.startsWith("node-role")).map(({ key, effect }) => `${key}:${effect}`),
    };
  },
});

export const markedControlPlane = {
  labels: ["node-role.kubernetes.io/control-plane", "node.kubernetes.io/exclude-from-external-load-balancers"],
  taints: ["node-role.kubernetes.io/control-plane:NoSchedule"],
};

/** A bootstrap token's Secret without its secret, and the hours that it lives. */
const token = ({ kube }: PhasesLab, value: string) => ({
  of: "the bootstrap token's Secret",
  async look() {
    const found = await kube.get<Secret>(inKubeSystem("Secret", `bootstrap-token-${value.split(".")[0]}`));
    const data = Object.entries(found?.data ?? {}).map(([key, base64]) => [
      key,
      Buffer.from(base64, "base64").toString(),
    ]);
    const { expiration, "token-id": _, "token-secret": __, ...told } = Object.fromEntries(data);
    const life = Date.parse(expiration) - Date.parse(String(found?.metadata.creationTimestamp));
    return { type: found?.type, ...told, hours: Math.round(life / 3_600_000) };
  },
});

/** The token that owns the uploaded certificates. */
async function tokenOfCertificates({ kube }: PhasesLab): Promise<string> {
  const certificates = await kube.get(inKubeSystem("Secret", "kubeadm-certs"));
  const [owner] = (certificates?.metadata.ownerReferences ?? []) as readonly { name: string }[];
  const { data = {} } = (await kube.get<Secret>(inKubeSystem("Secret", owner?.name ?? ""))) ?? {};
  const part = (key: string) => Buffer.from(data[key] ?? "", "base64").toString();
  return `${part("token-id")}.${part("token-secret")}`;
}

async function whatATokenMightDo(lab: PhasesLab): Promise<Record<string, Asked>> {
  const { get, dryRun } = requests(lab);
  const subject = "-subj /O=system:nodes/CN=system:node:worker-1";
  const made = await lab.nodes["client-1"].sh(
    `openssl req -new -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout /dev/null ${subject} 2>/dev/null`,
  );
  const certificates = "certificates.k8s.io/v1";
  return {
    "be known": dryRun("POST", "/apis/authentication.k8s.io/v1/selfsubjectreviews", {
      apiVersion: "authentication.k8s.io/v1",
      kind: "SelfSubjectReview",
    }),
    "ask for a certificate": dryRun("POST", `/apis/${certificates}/certificatesigningrequests`, {
      apiVersion: certificates,
      kind: "CertificateSigningRequest",
      metadata: { generateName: "asked-" },
      spec: {
        request: Buffer.from(made.stdout).toString("base64"),
        signerName: "kubernetes.io/kube-apiserver-client-kubelet",
        usages: ["digital signature", "client auth"],
      },
    }),
    "get a Node": get("/api/v1/nodes/cp-1"),
    "get kubeadm-config": get(`${kubeSystem}/configmaps/kubeadm-config`),
    "get kubelet-config": get(`${kubeSystem}/configmaps/kubelet-config`),
    "get kubeadm-certs": get(`${kubeSystem}/secrets/kubeadm-certs`),
    "list Nodes": get("/api/v1/nodes"),
    "change a Node": dryRun("PATCH", "/api/v1/nodes/cp-1", { metadata: { labels: { mine: "yes" } } }),
    "get its own Secret": get(`${kubeSystem}/secrets/bootstrap-token-${secrets.token.split(".")[0]}`),
    "list Secrets": get(`${kubeSystem}/secrets`),
    "list Pods": get("/api/v1/pods"),
    "approve a request": dryRun("PATCH", `/apis/${certificates}/certificatesigningrequests/any/approval`, {}),
  };
}

/** A request to read for each path and each kind of object that the API tells of, and for each ConfigMap and Secret that there is. */
async function everythingThatIsServed(lab: PhasesLab): Promise<Record<string, Asked>> {
  const { kube } = lab;
  const { paths }: { paths: string[] } = JSON.parse(await kube.raw("/"));
  const versions = paths.filter((path) => /^\/api(s\/[^/]+)?\/v\w+$/.test(path));
  const kinds = versions.map(async (version) => {
    const { resources }: { resources: { name: string; verbs: string[] }[] } = JSON.parse(await kube.raw(version));
    return resources.filter(({ verbs }) => verbs.includes("list")).map(({ name }) => `${version}/${name}`);
  });
  const objects = ["ConfigMap", "Secret"].map(async (kind) =>
    (await kube.list({ apiVersion: "v1", kind })).map(
      ({ metadata: { namespace, name } }) => `/api/v1/namespaces/${namespace}/${kind.toLowerCase()}s/${name}`,
    ),
  );
  const all = [...paths, ...(await Promise.all([...kinds, ...objects])).flat(), "/version"];
  const { get } = requests(lab);
  return Object.fromEntries(all.map((path) => [path, get(path)]));
}

/** A certificate of cp-1's kubelet that the cluster's authority signed, of whose two hours six minutes are left. */
async function almostExpired({ nodes }: PhasesLab): Promise<Identity> {
  const { stdout } = await nodes["cp-1"].sh(["cat", files.ca, `${files.pki}/ca.key`], { secret: true });
  const [certificate = "", key = ""] = stdout.split(/(?=-----BEGIN [A-Z ]*PRIVATE KEY-----)/);
  const row = { name: "kubelet", signer: "ca", commonName: "system:node:cp-1", organization: "system:nodes" };
  const validFrom = new Date(Date.now() - 114 * 60_000).toISOString();
  const issued = await issue(
    [{ ...row, usages: ["client"], validFrom, validFor: "2h", key: "ECDSA-P256" }],
    new Map([["ca", { certificate, key }]]),
  );
  return issued.get("kubelet") as Identity;
}

const phasesOf = ({ kube }: PhasesLab, selector: string) => ({
  of: `phases of the pods with ${selector}`,
  look: async () => (await pods(kube, undefined, selector).look(AbortSignal.timeout(10_000))).map(({ phase }) => phase),
});

/** The Service's address of the API, as CoreDNS tells it at its own, to cp-1. */
const nameOfTheApi = ({ nodes }: PhasesLab) => ({
  of: "kubernetes.default.svc.cluster.local, asked on cp-1 at 10.96.0.10",
  async look(signal: AbortSignal) {
    const command = "dig +short +tries=1 +time=2 @10.96.0.10 kubernetes.default.svc.cluster.local";
    return (await nodes["cp-1"].sh(command, { ok: "any", signal })).stdout.trim();
  },
});

/** Whether a pod's log can be read, or what is said instead. */
const logOf = ({ kube }: PhasesLab, name: string) => ({
  of: `log of the pod ${name}, asked of the API`,
  look: () =>
    kube.logs({ namespace: "kube-system", name, tailLines: 1 }).then(
      () => "read",
      (refusal: unknown) => (refusal instanceof LabBroken ? refusal.particulars.seen : Promise.reject(refusal)),
    ),
});

interface Running {
  /** Of the object in the API. */
  readonly uid: string;
  readonly container: string;
  /** Of the process on the machine. */
  readonly pid: string;
}

/** The scheduler of cp-1: its mirror in the API, its container and its process. */
const schedulerOf = ({ kube, nodes }: PhasesLab) => ({
  of: "kube-scheduler on cp-1",
  async look(signal: AbortSignal): Promise<Running> {
    const pod = await kube.get(inKubeSystem("Pod", "kube-scheduler-cp-1"));
    const status = pod?.status as { containerStatuses?: { containerID?: string }[] } | undefined;
    const { stdout } = await nodes["cp-1"].sh("pgrep -x kube-scheduler", { ok: "any", signal });
    return {
      uid: String(pod?.metadata.uid ?? ""),
      container: status?.containerStatuses?.[0]?.containerID ?? "",
      pid: stdout.trim(),
    };
  },
});

const showsAll = defineCheck("staticPodShown", () => ({
  claim: "is in the API, in a container and in a process",
  judge: (seen: Running) => (seen.uid && seen.container && /^\d+$/.test(seen.pid) ? met : unmet("all three", seen)),
}));

const isAnewFor = defineCheck("mirrorIsNew", (before: string, running: Omit<Running, "uid">) => ({
  claim: `has another mirror than ${before}, of the same container and process`,
  judge({ uid, ...now }: Running) {
    const same = now.container === running.container && now.pid === running.pid;
    return uid && uid !== before && same ? met : unmet({ uid: "another", ...running }, { uid, ...now });
  },
}));
