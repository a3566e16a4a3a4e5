import { parse } from "yaml";
import { type Asked, type Credentials, decisions, requestsOf } from "#fixtures/probes/access";
import { addressOf } from "#fixtures/provisioners/by-hand/cluster";
import { files } from "#fixtures/provisioners/kubeadm-phases/configuration";
import type { Phase } from "#fixtures/provisioners/kubeadm-phases/index";
import type { Machine } from "#harness/model/machines";
import type { Identity } from "#harness/model/pki";
import type { Lab } from "#harness/model/scenario";
import { buildUntil } from "#harness/provision/build";
import phases from "./scenario.ts";

export type Name = keyof (typeof phases)["topology"]["nodes"];
export type PhasesLab = Lab<Name>;

/** Every step up to this one has been taken, this one last. */
export const built = (lab: PhasesLab, phase: Phase): Promise<void> => buildUntil(lab, phases.cluster, phase);

/** Where the API of one control plane is, for those who ask past the endpoint. */
export const apiOf = (machine: Machine): string => `https://${addressOf(machine.node)}:6443`;

export const etcdctl = `etcdctl --endpoints=https://127.0.0.1:2379 --cacert=${files.pki}/etcd/ca.crt --cert=${files.pki}/etcd/healthcheck-client.crt --key=${files.pki}/etcd/healthcheck-client.key`;

/** Who asks: with what, and as whom, where an administrator asks in another's name. */
export interface Caller {
  readonly with: Credentials;
  readonly as?: Readonly<Record<string, string>>;
}

/** Each of these requests by each of these callers, made at cp-1 from client-1. */
export async function asked(
  lab: PhasesLab,
  callers: Readonly<Record<string, Caller>>,
  requests: Readonly<Record<string, Asked>>,
) {
  const { stdout: ca } = await lab.nodes["cp-1"].sh(["cat", files.ca]);
  const all = Object.entries(callers).flatMap(([caller, { as = {} }]) =>
    Object.entries(requests).map(([title, one]) => ({ caller, title, ...one, headers: { ...one.headers, ...as } })),
  );
  const credentials = Object.fromEntries(Object.entries(callers).map(([name, caller]) => [name, caller.with]));
  return decisions(lab.nodes["client-1"], ca, credentials, all);
}

/** Requests to cp-1. */
export const requests = (lab: PhasesLab) => requestsOf(apiOf(lab.nodes["cp-1"]));

/** The certificate and key that a kubeconfig of a machine holds, or points to. */
export async function holderOf(machine: Machine, file: string): Promise<Identity> {
  const read = async (path: string) => (await machine.sh(["cat", path], { secret: true })).stdout;
  const config: { users: { user: Record<string, string> }[] } = parse(await read(`/etc/kubernetes/${file}`));
  const user = config.users[0]?.user ?? {};
  const part = async (name: string) => {
    const data = user[`${name}-data`];
    return data === undefined ? read(user[name] ?? "") : Buffer.from(data, "base64").toString();
  };
  return { certificate: await part("client-certificate"), key: await part("client-key") };
}

/** Those whom a cluster of kubeadm's knows, with their own certificates, and others in whose name super-admin asks. */
export async function everybody(lab: PhasesLab) {
  const cp = lab.nodes["cp-1"];
  const held = async (file: string) => ({ with: await holderOf(cp, file) });
  const superAdmin = await held("super-admin.conf");
  const inTheNameOf = (user: string, group: string): Caller => ({
    ...superAdmin,
    as: { "Impersonate-User": user, "Impersonate-Group": group },
  });
  return {
    "super-admin": superAdmin,
    admin: await held("admin.conf"),
    "kubelet of cp-1": await held("kubelet.conf"),
    "controller-manager": await held("controller-manager.conf"),
    scheduler: await held("scheduler.conf"),
    "who joins": inTheNameOf("system:bootstrap:abcdef", "system:bootstrappers:kubeadm:default-node-token"),
    "another bootstrap token": inTheNameOf("system:bootstrap:abcdef", "system:bootstrappers"),
    "a ServiceAccount": inTheNameOf("system:serviceaccount:default:default", "system:serviceaccounts"),
    "somebody logged in": inTheNameOf("dave", "system:authenticated"),
    anonymous: { with: {} },
  } satisfies Record<string, Caller>;
}
