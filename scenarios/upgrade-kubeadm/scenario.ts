import { upgradeLab } from "#fixtures/upgrades/lab";
import path from "#fixtures/upgrades/paths/kubeadm-1.34-1.36";

export { path };

export default upgradeLab("upgrade-kubeadm", path);
