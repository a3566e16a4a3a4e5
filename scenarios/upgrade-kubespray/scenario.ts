import { upgradeLab } from "#fixtures/upgrades/lab";
import path from "#fixtures/upgrades/paths/kubespray-2.30-2.31";

export { path };

export default upgradeLab("upgrade-kubespray", path);
