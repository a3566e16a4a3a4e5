import { changed } from "#fixtures/faults/changes";
import { proberRef } from "#fixtures/images/refs";
import { useRelease } from "#fixtures/images/releases";
import { balancer, pool, type UpgradeMachine } from "#fixtures/upgrades/lab";
import { namespace, objects } from "#fixtures/users/workloads";
import type { KubeObject } from "#harness/model/kube";
import type { Lab } from "#harness/model/scenario";
import type { UpgradePath } from "#harness/model/upgrade";
import type { Breakage } from "#harness/vitest/reddened";

type Breaks = Breakage<UpgradeMachine>["breaks"];
type UpgradedLab = Lab<UpgradeMachine>;

/** The shortest there is, and it can be taken again and again: each member of etcd is restarted with a quota of its own. */
export const path = {
  name: "by-hand-etcd-quota",
  title: "by hand, etcd 3.6 with another quota, a member at a time",
  provisioner: "by-hand",
  from: { kubernetes: "1.36.3", etcd: "3.6.16", containerd: "2.2.9", cni: "0.28.4" },
  hops: [{ to: {}, settings: { etcd: { "quota-backend-bytes": "4294967296" } } }],
  workers: { atOnce: 1 },
  drain: true,
} as const satisfies UpgradePath;

/** Done while the path is taken: once etcd was restarted on the first control plane. What it puts on the stack is undone. */
const meanwhile =
  (act: (lab: UpgradedLab, undo: AsyncDisposableStack) => Promise<unknown>): Breaks =>
  async ({ lab }) => {
    const process = "systemctl show --property MainPID --value etcd";
    const restarted = await lab.nodes["k8s-master-01"].sh.start(
      `first=$(${process}); until [ "$(${process})" != "$first" ]; do sleep 0.2; done; echo restarted`,
    );
    const undo = new AsyncDisposableStack();
    const acted = (async () => {
      for await (const _ of restarted.lines) await act(lab, undo);
    })();
    acted.catch(() => "told when it is disposed");
    return {
      async [Symbol.asyncDispose]() {
        await restarted.stop();
        await acted.finally(() => undo.disposeAsync());
      },
    };
  };

/** What comes to a machine from there is lost for 3 s. */
const cut = (machine: UpgradeMachine, from: string) =>
  meanwhile(({ nodes }) => nodes[machine].sh(["prober", "cut", "3", "drop", "ip", "saddr", from]));

const nothing: Breaks = async () => ({ async [Symbol.asyncDispose]() {} });

/** etcd's unit fails at its next start. */
const etcdNeverStarts: Breaks = ({ lab }) => {
  const override = "/etc/systemd/system/etcd.service.d/red.conf";
  return changed(
    lab.nodes["k8s-master-03"],
    `install -d $(dirname ${override}) && printf '[Service]\\nExecStartPre=/bin/false\\n' > ${override}`,
    `rm -r $(dirname ${override}) && systemctl daemon-reload && systemctl reset-failed etcd && systemctl start etcd`,
  );
};

/** A pod that no controller made, so that a drain refuses to evict it. */
const lonely: KubeObject = {
  apiVersion: "v1",
  kind: "Pod",
  metadata: { name: "lonely", namespace: "default" },
  spec: {
    nodeName: "k8s-node-03",
    containers: [{ name: "serve", image: proberRef, imagePullPolicy: "Never", args: ["serve"] }],
  },
};

/** Takes the label off each object that users write, by which the watch selects them. */
const unlabelling: readonly KubeObject[] = (() => {
  const api = { apiVersion: "admissionregistration.k8s.io/v1", metadata: { name: "unlabelling" } };
  const [label] = objects.written.selector.split("=");
  return [
    {
      ...api,
      kind: "MutatingAdmissionPolicy",
      spec: {
        reinvocationPolicy: "Never",
        matchConstraints: {
          namespaceSelector: { matchLabels: { "kubernetes.io/metadata.name": namespace } },
          resourceRules: [
            { apiGroups: [""], apiVersions: ["v1"], operations: ["UPDATE"], resources: ["configmaps"], scope: "*" },
          ],
        },
        matchConditions: [{ name: "labelled", expression: `"${label}" in object.metadata.?labels.orValue({})` }],
        mutations: [
          {
            patchType: "JSONPatch",
            jsonPatch: { expression: `[JSONPatch{op: "remove", path: "/metadata/labels/${label}"}]` },
          },
        ],
      },
    },
    { ...api, kind: "MutatingAdmissionPolicyBinding", spec: { policyName: "unlabelling" } },
  ];
})();

const masters = ["k8s-master-01", "k8s-master-02", "k8s-master-03"] as const;

/** What makes each claim about an upgrade false. Bounds of how long users are away are judged on a computer that is otherwise idle. */
export const breakages: readonly Breakage<UpgradeMachine>[] = [
  {
    claim: "every hop of the path ends well",
    when: "a member of etcd does not start",
    breaks: etcdNeverStarts,
    says: /failed.*etcd does not come back/s,
  },
  {
    claim: "the path is refused before anything is changed",
    when: "it fails after something was changed",
    breaks: etcdNeverStarts,
    says: /failed.*etcd does not come back/s,
  },
  {
    claim: "the path fails, and is no hang",
    when: "it ends well",
    breaks: nothing,
    says: /ended: 'done'/,
  },
  {
    claim: "it was foreseen that this path is stopped",
    when: "nothing stops it",
    breaks: nothing,
    says: /quota-backend-bytes/,
  },
  {
    claim: "nothing that was foreseen would have stopped it",
    when: "a pod on a worker has no controller",
    breaks: ({ lab }) => lab.deploy([lonely]),
    says: /default\/lonely on k8s-node-03/,
  },
  {
    claim: "afterwards everything runs Kubernetes",
    when: "a worker stayed behind",
    breaks: ({ lab }) => {
      const kubelet = (version: "1.35.4" | "1.36.3") =>
        `${useRelease("kubernetes", version)} && systemctl restart kubelet`;
      return changed(lab.nodes["k8s-node-03"], kubelet("1.35.4"), kubelet("1.36.3"));
    },
    says: /k8s-node-03.*1\.35\.4/s,
  },
  {
    claim: "afterwards everything runs Kubernetes",
    when: "a worker was left cordoned",
    breaks: ({ lab }) => {
      const of = { apiVersion: "v1", kind: "Node", name: "k8s-node-02" };
      const cordoned = (unschedulable: true | null) => lab.kube.patch(of, { spec: { unschedulable } });
      return cordoned(true).then(() => ({ [Symbol.asyncDispose]: () => cordoned(null) }));
    },
    says: /cordoned.*k8s-node-02/s,
  },
  {
    claim: "reads of the API are never unanswered",
    when: "client-01 hears nothing of the API for 3 s",
    breaks: cut("client-01", balancer),
    says: /longestOutMs: \d{4,5}/,
  },
  {
    claim: "requests to the LoadBalancer address",
    when: "client-01 hears nothing of it for 3 s",
    breaks: cut("client-01", pool),
    says: /longestOutMs: \d{4,5}/,
  },
  {
    claim: "requests between pods of two nodes",
    when: "one node hears nothing of the other for 3 s",
    breaks: cut("k8s-node-02", "172.17.0.21"),
    says: /longestOutMs: \d{4,5}/,
  },
  {
    claim: "no acknowledged write to a replicated store is lost",
    when: "somebody deletes some of them",
    breaks: meanwhile(({ kube }) =>
      kube.exec({ namespace, name: "ledger-0" }, [
        "/usr/local/bin/etcdctl",
        "del",
        "--range",
        "000000500",
        "000001000",
      ]),
    ),
    says: /lost: expected 0, was \d+/,
  },
  {
    claim: "a watch is told of every acknowledged write",
    when: "objects lose the label by which it selects them",
    breaks: meanwhile(async ({ deploy }, undo) => undo.use(await deploy(unlabelling))),
    says: /missed: expected 0, was \d+/,
  },
  {
    claim: "a watch is told of every acknowledged write",
    when: "all API servers restart while nobody reaches them",
    breaks: meanwhile(async ({ nodes }) => {
      const balancer = nodes["lb-01"].sh;
      await balancer("systemctl stop haproxy");
      await Promise.all(
        masters.map((name) =>
          nodes[name].sh(
            "systemctl restart kube-apiserver && until curl -skf --max-time 2 https://127.0.0.1:6443/readyz; do sleep 0.2; done",
          ),
        ),
      );
      await balancer("systemctl start haproxy");
    }),
    says: /expired: expected 0, was 1/,
  },
];
