import { upgradeLab } from "#fixtures/upgrades/lab";
import type { UpgradePath } from "#harness/model/upgrade";

/** `kubespray:v2.30.0..v2.31.0?serial=1`, with what the lab's mirror has of each minor release that these versions install. */
export const path = {
  name: "kubespray-v2.30.0-v2.31.0",
  title: "kubespray, v2.30.0 to v2.31.0, a worker at a time, drained",
  provisioner: "kubespray",
  with: "v2.30.0",
  from: { kubernetes: "1.34.4", etcd: "3.5.27", containerd: "2.2.9", cni: "3.31.0" },
  hops: [{ with: "v2.31.0", to: { kubernetes: "1.35.4", etcd: "3.6.16" } }],
  workers: { atOnce: 1 },
  drain: true,
} as const satisfies UpgradePath;

export default upgradeLab("upgrade-kubespray", path);
