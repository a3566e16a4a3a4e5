import { parseAllDocuments, stringify } from "yaml";
import { etcdCluster, healthyEtcd } from "#fixtures/checks/etcd";
import { areRefusedWith, type Renewal, renewsOnly, showsWhatIsOnDisk } from "#fixtures/checks/kubeadm";
import { filesBelow, refusalOf } from "#fixtures/probes/kubeadm";
import { pki } from "#fixtures/probes/pki";
import { files } from "#fixtures/provisioners/kubeadm-phases/configuration";
import { versions } from "#fixtures/versions";
import { equals, hasAny, includes, not } from "#harness/judging/checks";
import { within } from "#harness/judging/within";
import type { Machine } from "#harness/model/machines";
import type { Claims } from "#harness/vitest/scenario";
import { built, etcdctl, type Name, type PhasesLab } from "./system.ts";

/** What kubeadm is for besides making a cluster. */
export function toolClaims(claim: Claims<Name>): void {
  claim(
    "certs check-expiration tells of eleven certificates and three authorities when each expires, as it is written in them, and of no kubelet's",
    async ({ lab, once }) => {
      await built(lab, "join-workers");
      await once(
        expirations(lab.nodes["cp-1"]),
        equals(Object.fromEntries(Object.keys(expiring).map((name) => [name, "as written"]))),
      );
    },
  );

  claim(
    "certs renew all replaces these eleven certificates, leaves authorities, the key pair for tokens and the kubelet's alone, and API server and etcd show the new ones without a restart",
    async ({ lab, once, reaches, measure }) => {
      await built(lab, "join-workers");
      const cp = lab.nodes["cp-1"];
      const before = await once(inPlace(cp), showsWhatIsOnDisk());
      await cp.sh("kubeadm certs renew all");
      const { afterMs } = await reaches(inPlace(cp), renewsOnly(before, renewed), within.certificateReloaded);
      measure("from the renewal until servers show their new certificates", afterMs, "ms");
    },
  );

  claim(
    "config migrate turns a v1beta3 configuration into v1beta4: arguments become a list, and the time for the control plane one of the timeouts",
    async ({ lab, once }) => {
      await built(lab, "configuration");
      await once(migrated(lab.nodes["cp-1"]), equals(asOfToday));
    },
  );

  claim(
    "config validate passes today's configuration and the one before, and refuses older ones, fields that it does not know, values that make no sense and releases that are too old",
    async ({ lab, once }) => {
      await built(lab, "configuration");
      await once(
        validated(lab.nodes["cp-1"]),
        areRefusedWith(
          {
            v1beta2: 'your configuration file uses an old API spec: "kubeadm.k8s.io/v1beta2"',
            "an unknown field": 'strict decoding error: unknown field "networking.podSubnt"',
            "a subnet that is none": 'networking.podSubnet: Invalid value: "10.244": couldn\'t parse subnet',
            "a release too old":
              "this version of kubeadm only supports deploying clusters with the control plane version >= 1.35.0",
          },
          ["v1beta4", "v1beta3"],
        ),
      );
    },
  );

  claim("the uploaded certificates are gone when their token has expired", async ({ lab, once, reaches, measure }) => {
    await built(lab, "join-workers");
    const secret = secretsNamed(lab, "kubeadm-certs");
    await once(secret, hasAny());
    const certificates = await lab.kube.get({
      apiVersion: "v1",
      kind: "Secret",
      namespace: "kube-system",
      name: "kubeadm-certs",
    });
    const [owner] = (certificates?.metadata.ownerReferences ?? []) as readonly { name: string }[];
    const expiration = new Date(Date.now() + 1000).toISOString();
    await lab.kube.patch(
      { apiVersion: "v1", kind: "Secret", namespace: "kube-system", name: owner?.name ?? "" },
      { stringData: { expiration } },
    );
    const { afterMs } = await reaches(secret, not(hasAny()), within.tokenCleaned);
    measure("from a second before the token expires until the certificates are gone", afterMs, "ms");
  });

  claim(
    "reset takes a control plane's member out of etcd and empties its folders, but leaves the Node, the CNI configuration, the rules of kube-proxy, and kubeconfigs in people's homes",
    async ({ lab, once, reaches }) => {
      await built(lab, "join-workers");
      const third = lab.nodes["cp-3"];
      // As kubeadm tells people to do.
      await third.sh("install -D /etc/kubernetes/admin.conf /home/admin/.kube/config");
      await reaches(etcdCluster(lab.nodes["cp-1"], etcdctl), healthyEtcd(3), within.etcdHealthy);
      const rules = await once(rulesOfKubeProxy(third), hasAny());
      await third.sh("kubeadm reset --force");
      await reaches(etcdCluster(lab.nodes["cp-1"], etcdctl), healthyEtcd(2), within.etcdHealthy);
      await once(filesBelow(third, emptied), equals([]));
      await once(
        filesBelow(third, ["/etc/kubernetes", "/etc/cni", "/home/admin/.kube"]),
        includes("/etc/kubernetes/kubeadm.yaml", "/etc/cni/net.d/10-flannel.conflist", "/home/admin/.kube/config"),
      );
      await once(rulesOfKubeProxy(third), includes(...rules));
      await once(nodeNames(lab), includes("cp-3"));
    },
  );
}

const inPki = [
  "apiserver",
  "apiserver-etcd-client",
  "apiserver-kubelet-client",
  "etcd/healthcheck-client",
  "etcd/peer",
  "etcd/server",
  "front-proxy-client",
];
const conf = ["admin.conf", "controller-manager.conf", "scheduler.conf", "super-admin.conf"];

/** The files that a renewal changes: keys too. */
const renewed = [
  ...inPki.flatMap((name) => [`${files.pki}/${name}.crt`, `${files.pki}/${name}.key`]),
  ...conf.map((name) => `/etc/kubernetes/${name}`),
].sort();

/** By kubeadm's name of each certificate: its file. */
const expiring: Readonly<Record<string, string>> = {
  ...Object.fromEntries(
    [...inPki, "ca", "etcd/ca", "front-proxy-ca"].map((name) => [name.replace("/", "-"), `${files.pki}/${name}.crt`]),
  ),
  ...Object.fromEntries(conf.map((name) => [name, `/etc/kubernetes/${name}`])),
};

interface Expiration {
  readonly name: string;
  readonly expirationDate: string;
}

/** Of each certificate that kubeadm tells of: whether it tells its expiration as the certificate does. */
const expirations = (machine: Machine) => ({
  of: `what kubeadm tells of certificates on ${machine.name}`,
  takes: within.pkiAudit,
  async look(signal: AbortSignal) {
    const seen = await pki([machine]).look(signal);
    const { stdout } = await machine.sh("kubeadm certs check-expiration -o json", { signal });
    const told: { certificates: Expiration[]; certificateAuthorities: Expiration[] } = JSON.parse(stdout);
    const held = ({ name, expirationDate }: Expiration) => {
      const ids = seen.files.find(({ path }) => path === expiring[name])?.certificates ?? [];
      const own = seen.certificates.find(
        ({ id, authority }) => ids.includes(id) && authority === /(^|-)ca$/.test(name),
      );
      return [name, own?.validTo === Date.parse(expirationDate) ? "as written" : expirationDate] as const;
    };
    return Object.fromEntries([...told.certificates, ...told.certificateAuthorities].map(held));
  },
});

const servers = ["kube-apiserver", "etcd"];

/** What lies on a machine and what two of its servers show, ids of certificates and keys; and which processes serve. */
const inPlace = (machine: Machine) => ({
  of: `certificates and keys of kubeadm's on ${machine.name}`,
  takes: within.pkiAudit,
  async look(signal: AbortSignal): Promise<Renewal> {
    const seen = await pki([machine]).look(signal);
    const own = seen.files.filter(({ path }) => /^\/(etc\/kubernetes|var\/lib\/kubelet)\//.test(path));
    const processes = servers.map(async (program) => {
      const { stdout } = await machine.sh(["pgrep", "-x", program], { ok: [0, 1], signal });
      return [program, stdout.trim()] as const;
    });
    const shownAt = (port: number) => seen.ports.find((one) => one.port === port)?.tls?.shows[0] ?? "nothing";
    return {
      files: Object.fromEntries(
        own.map(({ path, certificates, keys }) => [path, [...certificates, ...keys.map(({ id }) => id)]]),
      ),
      shown: { [`${files.pki}/apiserver.crt`]: shownAt(6443), [`${files.pki}/etcd/server.crt`]: shownAt(2379) },
      processes: Object.fromEntries(await Promise.all(processes)),
    };
  },
});

/** A configuration as people had it for kubeadm 1.22 to 1.30. */
const old = {
  init: {
    apiVersion: "kubeadm.k8s.io/v1beta3",
    kind: "InitConfiguration",
    localAPIEndpoint: { advertiseAddress: "192.168.10.11" },
    nodeRegistration: { kubeletExtraArgs: { "node-ip": "192.168.10.11" } },
  },
  cluster: {
    apiVersion: "kubeadm.k8s.io/v1beta3",
    kind: "ClusterConfiguration",
    kubernetesVersion: `v${versions.kubernetes}`,
    apiServer: { timeoutForControlPlane: "2m30s", extraArgs: { profiling: "false", "audit-log-maxage": "7" } },
    networking: { podSubnet: "10.244.0.0/16" },
  },
};

const documents = (...all: readonly object[]) => all.map((one) => stringify(one)).join("---\n");

/** What kubeadm makes of the old configuration, of what it changes. */
const migrated = (machine: Machine) => ({
  of: "a v1beta3 configuration, migrated",
  async look(signal: AbortSignal) {
    const input = documents(old.init, old.cluster);
    const { stdout } = await machine.sh("kubeadm config migrate --old-config /dev/stdin", { input, signal });
    const [init, cluster] = parseAllDocuments(stdout).map((document) => document.toJS());
    return {
      apiVersions: [init.apiVersion, cluster.apiVersion],
      kubeletExtraArgs: init.nodeRegistration.kubeletExtraArgs,
      timeout: init.timeouts?.controlPlaneComponentHealthCheck,
      apiServer: cluster.apiServer,
    };
  },
});

const asOfToday = {
  apiVersions: ["kubeadm.k8s.io/v1beta4", "kubeadm.k8s.io/v1beta4"],
  kubeletExtraArgs: [{ name: "node-ip", value: "192.168.10.11" }],
  timeout: "2m30s",
  apiServer: {
    extraArgs: [
      { name: "audit-log-maxage", value: "7" },
      { name: "profiling", value: "false" },
    ],
  },
};

/** What kubeadm says to configurations of many kinds. */
const validated = (machine: Machine) => ({
  of: "configurations that kubeadm is to validate",
  async look(signal: AbortSignal) {
    const today = { ...old.cluster, apiVersion: "kubeadm.k8s.io/v1beta4", apiServer: {} };
    const all = {
      v1beta4: today,
      v1beta3: old.cluster,
      v1beta2: { ...old.cluster, apiVersion: "kubeadm.k8s.io/v1beta2" },
      "an unknown field": { ...today, networking: { podSubnt: "10.244.0.0/16" } },
      "a subnet that is none": { ...today, networking: { podSubnet: "10.244" } },
      "a release too old": { ...today, kubernetesVersion: "v1.34.0" },
    };
    const said = Object.entries(all).map(async ([what, cluster]) => {
      const command = "kubeadm config validate --config /dev/stdin";
      return refusalOf(what, await machine.sh(command, { input: stringify(cluster), ok: "any", signal }));
    });
    return Promise.all(said);
  },
});

const secretsNamed = ({ kube }: PhasesLab, name: string) => ({
  of: `Secrets called ${name}`,
  look: async () =>
    (await kube.list({ apiVersion: "v1", kind: "Secret", namespace: "kube-system", name })).map((s) => s.metadata.name),
});

/** Chains that kube-proxy made in the machine's packet filter. */
const rulesOfKubeProxy = (machine: Machine) => ({
  of: `chains of kube-proxy on ${machine.name}`,
  async look(signal: AbortSignal) {
    const { stdout } = await machine.sh("iptables-save -t nat | grep -o '^:KUBE-SVC-[A-Z0-9]*' | sort", {
      signal,
      ok: [0, 1],
    });
    return stdout.split("\n").filter(Boolean);
  },
});

const emptied = [files.manifests, files.pki, files.kubelet, "/var/lib/etcd"];

const nodeNames = ({ kube }: PhasesLab) => ({
  of: "names of nodes",
  look: async () => (await kube.list({ apiVersion: "v1", kind: "Node" })).map(({ metadata }) => metadata.name),
});
