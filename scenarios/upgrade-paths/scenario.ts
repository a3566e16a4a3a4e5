import type { Ending } from "#fixtures/claims/upgrade";
import { upgradeLab } from "#fixtures/upgrades/lab";
import { namedPaths } from "#harness/cli/upgrade-paths";
import type { UpgradePath } from "#harness/model/upgrade";

/** Every path that has a name, by it. */
export const paths: Readonly<Record<string, UpgradePath>> = Object.fromEntries(
  (await namedPaths()).map((path) => [path.name, path]),
);

/** How a path ends that does not end well. */
export const endings: Readonly<Record<string, Ending>> = {
  "kubeadm-skip-minor": { ended: "refused", says: "only supports deploying clusters with the control plane version" },
  "kubeadm-1.36-1.34-rollback": { ended: "refused", says: "kubeadm can downgrade only 1 minor version at a time" },
  "kubeadm-etcd-3.6-3.5-forced": {
    ended: "failed",
    says: "invalid downgrade; server version is lower than determined cluster version",
    foreseen: ["version-skew", "etcd 3.5.27 cannot open the data of etcd 3.6.16"],
  },
  "kubeadm-1.35-1.36-etcd-3.5": { ended: "failed", says: "fatal error when trying to upgrade the etcd cluster" },
  "by-hand-etcd-quota-2g": {
    ended: "failed",
    says: 'invalid value "2G" for flag -quota-backend-bytes',
    foreseen: ["setting", "quota-backend-bytes"],
  },
  "by-hand-etcd-rollback-forced": {
    ended: "failed",
    says: "invalid downgrade; server version is lower than determined cluster version",
  },
  "by-hand-kubelet-flag-gone": {
    ended: "failed",
    says: "unknown flag: --pod-infra-container-image",
    foreseen: ["setting", "pod-infra-container-image"],
  },
};

/** Names of scenarios have no dots. */
const idOf = ({ name }: UpgradePath) => `upgrade-paths+${name.replaceAll(".", "-")}`;

const labs = Object.values(paths).map((path) => [path.name, upgradeLab(idOf(path), path)] as const);

/** A lab for each path: `npx hardway up scenarios/upgrade-paths --variant <path>`. */
export const variants = Object.fromEntries(labs);

export default upgradeLab("upgrade-paths", Object.values(paths)[0] as UpgradePath);
