import { parse } from "yaml";
import { areEntitled } from "#fixtures/checks/access";
import { etcdCluster, healthyEtcd } from "#fixtures/checks/etcd";
import { finds } from "#fixtures/checks/kubeadm";
import { changed } from "#fixtures/faults/changes";
import { refs } from "#fixtures/images/refs";
import {
  certificatesBelow,
  filesBelow,
  type Issued,
  kubeconfigs,
  preflight,
  staticPods,
  takenFor,
} from "#fixtures/probes/kubeadm";
import { endpoint, extraName, files, patched } from "#fixtures/provisioners/kubeadm-phases/configuration";
import { binding } from "#fixtures/workloads/teams";
import { equals, includes } from "#harness/judging/checks";
import { within } from "#harness/judging/within";
import type { Machine } from "#harness/model/machines";
import type { Claims } from "#harness/vitest/scenario";
import { asked, built, etcdctl, everybody, type Name, requests } from "./system.ts";

/** What `kubeadm init` does before there is an API, and what comes up then. */
export function initClaims(claim: Claims<Name>): void {
  claim(
    "preflight lets a fit machine pass, refuses one for taken ports, files in the way, data of an etcd and a kernel that does not forward, and only warns of swap",
    async ({ lab, once }) => {
      const cp = lab.nodes["cp-1"];
      await built(lab, "configuration");
      const seen = preflight(cp, files.configuration);
      await once(seen, finds([], []));
      await using _ = await unfit(cp);
      await once(
        seen,
        finds(
          [
            "Port-6443",
            "Port-10250",
            "FileAvailable--etc-kubernetes-manifests-etcd.yaml",
            "FileContent--proc-sys-net-ipv4-ip_forward",
            "DirAvailable--var-lib-etcd",
          ],
          ["Swap"],
        ),
      );
    },
  );

  claim(
    "certs makes three authorities for ten years and seven certificates for one, each for its use and its names alone, a key pair for tokens, and nothing else",
    async ({ lab, once }) => {
      const cp = lab.nodes["cp-1"];
      await built(lab, "certs");
      await once(certificatesBelow(cp, files.pki), equals(certificatesOf("cp-1", "192.168.10.11")));
      const names = Object.keys(certificatesOf("cp-1", "192.168.10.11"));
      const all = names.flatMap((name) => [name, name.replace(/crt$/, "key")]).concat("sa.key", "sa.pub");
      await once(filesBelow(cp, [files.pki]), equals(all.map((name) => `${files.pki}/${name}`).sort()));
    },
  );

  claim(
    "kubeconfig writes five kubeconfigs for a year: those of two administrators ask the endpoint, those of kubelet, controller-manager and scheduler their own machine",
    async ({ lab, once }) => {
      await built(lab, "kubeconfig");
      await once(kubeconfigs(lab.nodes["cp-1"]), equals(kubeconfigsOf("cp-1", "192.168.10.11")));
    },
  );

  claim("etcd writes one static pod, with its patch applied", async ({ lab, once }) => {
    await built(lab, "etcd");
    await once(staticPods(lab.nodes["cp-1"]), equals({ etcd: podsOf("192.168.10.11").etcd }));
  });

  claim(
    "control-plane writes three static pods more, each changed by its strategic merge, JSON merge or JSON patch",
    async ({ lab, once }) => {
      await built(lab, "control-plane");
      await once(staticPods(lab.nodes["cp-1"]), equals(podsOf("192.168.10.11")));
    },
  );

  claim(
    "kubelet-start configures the kubelet, with a patch for this machine alone, starts it, and it brings up etcd",
    async ({ lab, once, reaches }) => {
      const cp = lab.nodes["cp-1"];
      await built(lab, "kubelet-start");
      const written = ["config.yaml", "instance-config.yaml", "kubeadm-flags.env"].map((f) => `${files.kubelet}/${f}`);
      await once(filesBelow(cp, [files.kubelet]), includes(...written));
      await once(kubeletConfiguration(cp), equals({ containerLogMaxFiles: patched.containerLogMaxFiles }));
      await reaches(etcdCluster(cp, etcdctl), healthyEtcd(1), within.apiAnswers);
    },
  );

  claim(
    "when wait-control-plane returns, API server, controller-manager and scheduler are live, and each kubeconfig is taken for whom its certificate names",
    async ({ lab, once }) => {
      const cp = lab.nodes["cp-1"];
      await built(lab, "wait-control-plane");
      await once(
        liveness(cp),
        equals({ "kube-apiserver": "ok", "kube-controller-manager": "ok", "kube-scheduler": "ok" }),
      );
      const holders = takenFor(cp, Object.keys(kubeconfigsOf("cp-1", "192.168.10.11")));
      await once(
        holders,
        equals({
          "admin.conf": { user: "kubernetes-admin", groups: ["kubeadm:cluster-admins", "system:authenticated"] },
          "controller-manager.conf": { user: "system:kube-controller-manager", groups: ["system:authenticated"] },
          "kubelet.conf": { user: "system:node:cp-1", groups: ["system:nodes", "system:authenticated"] },
          "scheduler.conf": { user: "system:kube-scheduler", groups: ["system:authenticated"] },
          "super-admin.conf": { user: "kubernetes-super-admin", groups: ["system:masters", "system:authenticated"] },
        }),
      );
    },
  );

  claim(
    "admin.conf may do all by the ClusterRoleBinding kubeadm:cluster-admins, and nothing without it; super-admin.conf may always, and the components' kubeconfigs never",
    async ({ lab, reaches }) => {
      await built(lab, "wait-control-plane");
      const { get, dryRun } = requests(lab);
      const {
        "super-admin": superAdmin,
        admin,
        scheduler,
        "kubelet of cp-1": kubelet,
        ...others
      } = await everybody(lab);
      const everything = {
        "list Secrets": get("/api/v1/secrets"),
        "bind cluster-admin": dryRun(
          "POST",
          "/apis/rbac.authorization.k8s.io/v1/clusterrolebindings",
          binding("new", "cluster-admin", { kind: "User", name: "friend" }),
        ),
      };
      const callers = { "super-admin": superAdmin, admin, scheduler, kubelet };
      const seen = await asked(lab, { ...callers, "controller-manager": others["controller-manager"] }, everything);
      const all = { may: Object.keys(everything), otherwise: 403 } as const;
      const none = { may: [], otherwise: 403 } as const;
      // The controller-manager collects garbage, and may list everything for that.
      const rest = {
        scheduler: none,
        kubelet: none,
        "controller-manager": { may: ["list Secrets"], otherwise: 403 },
      } as const;
      const decided = (entitled: object) =>
        areEntitled(Object.keys(everything), { "super-admin": all, ...rest, ...entitled });
      await reaches(seen, decided({ admin: all }), within.permissionsHeard);
      await using _ = await unbound(lab.nodes["cp-1"]);
      await reaches(seen, decided({ admin: none }), within.permissionsHeard);
    },
  );
}

/** kubeadm's own binding is gone until this is disposed. */
const unbound = (cp: Machine) => {
  const kubectl = `kubectl --kubeconfig ${files.superAdmin}`;
  const name = "kubeadm:cluster-admins";
  return changed(
    cp,
    `${kubectl} delete clusterrolebinding ${name}`,
    `${kubectl} create clusterrolebinding ${name} --clusterrole=cluster-admin --group=${name}`,
  );
};

/** Some of what may be wrong with a machine; all of it is undone when this is disposed. */
async function unfit(machine: Machine): Promise<AsyncDisposable> {
  await using all = new AsyncDisposableStack();
  for (const port of [6443, 10250]) {
    const listener = await machine.sh.start(["python3", "-uc", listens(port)]);
    all.use(listener);
    for await (const _ of listener.lines) break;
  }
  const manifest = `${files.manifests}/etcd.yaml`;
  all.use(await changed(machine, `mkdir -p ${files.manifests} && touch ${manifest}`, `rm -r ${files.manifests}`));
  all.use(await changed(machine, "mkdir -p /var/lib/etcd/member", "rm -r /var/lib/etcd"));
  all.use(await changed(machine, "sysctl -q net.ipv4.ip_forward=0", "sysctl -q net.ipv4.ip_forward=1"));
  const swaps = "printf 'Filename Type Size Used Priority\\n/swapfile file 1048572 0 -2\\n' >/run/swaps";
  all.use(await changed(machine, `${swaps} && mount --bind /run/swaps /proc/swaps`, "umount /proc/swaps"));
  const made = all.move();
  return { [Symbol.asyncDispose]: () => made.disposeAsync() };
}

const listens = (port: number) =>
  `import socket, time; s = socket.create_server(("", ${port})); print("listens"); time.sleep(3600)`;

/** What of a machine's kubelet configuration the patch sets. */
const kubeletConfiguration = (machine: Machine) => ({
  of: `the kubelet's configuration on ${machine.name}`,
  async look(signal: AbortSignal) {
    const { stdout } = await machine.sh(["cat", `${files.kubelet}/config.yaml`], { signal });
    return { containerLogMaxFiles: parse(stdout).containerLogMaxFiles };
  },
});

/** What the components say of themselves, each at its own port. */
const liveness = (machine: Machine) => ({
  of: `liveness of the control plane on ${machine.name}`,
  async look(signal: AbortSignal) {
    const at = {
      "kube-apiserver": "6443/livez",
      "kube-controller-manager": "10257/healthz",
      "kube-scheduler": "10259/livez",
    };
    const said = Object.entries(at).map(async ([name, where]) => {
      const command = `curl -sk --max-time 2 https://localhost:${where}`;
      return [name, (await machine.sh(command, { ok: "any", signal })).stdout] as const;
    });
    return Object.fromEntries(await Promise.all(said));
  },
});

/** What kubeadm 1.36 makes on a control plane. */
export function certificatesOf(name: string, address: string): Record<string, Issued> {
  const authority = (commonName: string, file: string): Issued => ({
    subject: `CN=${commonName}`,
    signer: file,
    usages: [],
    names: [commonName],
    days: 3650,
    keyMode: "0600",
  });
  const leaf = (signer: string, subject: string, usages: string[], names: string[] = []): Issued => ({
    subject,
    signer,
    usages,
    names: names.sort(),
    days: 365,
    keyMode: "0600",
  });
  const etcd = [name, "localhost", address, "127.0.0.1", "0:0:0:0:0:0:0:1"];
  const service = [
    "kubernetes",
    "kubernetes.default",
    "kubernetes.default.svc",
    "kubernetes.default.svc.cluster.local",
  ];
  const api = [...service, name, endpoint, extraName, address, "10.96.0.1"];
  return {
    "apiserver-etcd-client.crt": leaf("etcd/ca.crt", "CN=kube-apiserver-etcd-client", ["client"]),
    "apiserver-kubelet-client.crt": leaf("ca.crt", "CN=kube-apiserver-kubelet-client", ["client"]),
    "apiserver.crt": leaf("ca.crt", "CN=kube-apiserver", ["server"], api),
    "ca.crt": authority("kubernetes", "ca.crt"),
    "etcd/ca.crt": authority("etcd-ca", "etcd/ca.crt"),
    "etcd/healthcheck-client.crt": leaf("etcd/ca.crt", "CN=kube-etcd-healthcheck-client", ["client"]),
    "etcd/peer.crt": leaf("etcd/ca.crt", `CN=${name}`, ["server", "client"], [...etcd]),
    "etcd/server.crt": leaf("etcd/ca.crt", `CN=${name}`, ["server", "client"], [...etcd]),
    "front-proxy-ca.crt": authority("front-proxy-ca", "front-proxy-ca.crt"),
    "front-proxy-client.crt": leaf("front-proxy-ca.crt", "CN=front-proxy-client", ["client"]),
  };
}

/** What `kubeadm init` writes on the first control plane. */
const kubeconfigsOf = (name: string, address: string) => {
  const common = { days: 365, certificate: "embedded" };
  const [anywhere, here] = [`https://${endpoint}:6443`, `https://${address}:6443`];
  return {
    "admin.conf": { server: anywhere, subject: "O=kubeadm:cluster-admins, CN=kubernetes-admin", ...common },
    "controller-manager.conf": { server: here, subject: "CN=system:kube-controller-manager", ...common },
    "kubelet.conf": { server: here, subject: `O=system:nodes, CN=system:node:${name}`, ...common },
    "scheduler.conf": { server: here, subject: "CN=system:kube-scheduler", ...common },
    "super-admin.conf": { server: anywhere, subject: "O=system:masters, CN=kubernetes-super-admin", ...common },
  };
};

/** The static pods of a control plane, as the patches have them. */
const podsOf = (address: string) => {
  const { schedulerCpu, controllerManagerAnnotation } = patched;
  const startupProbe = { initialDelaySeconds: 1, periodSeconds: 1, failureThreshold: 240 };
  const pod = (image: string, cpu: string, annotations = {}) => ({ image, cpu, startupProbe, annotations });
  return {
    etcd: pod(refs.etcd, "100m", { "kubeadm.kubernetes.io/etcd.advertise-client-urls": `https://${address}:2379` }),
    "kube-apiserver": pod(refs.kubeApiserver, "250m", {
      "kubeadm.kubernetes.io/kube-apiserver.advertise-address.endpoint": `${address}:6443`,
    }),
    "kube-controller-manager": pod(refs.kubeControllerManager, "200m", controllerManagerAnnotation),
    "kube-scheduler": pod(refs.kubeScheduler, schedulerCpu),
  };
};
