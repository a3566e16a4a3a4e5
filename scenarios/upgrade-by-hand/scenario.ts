import { upgradeLab } from "#fixtures/upgrades/lab";
import path from "#fixtures/upgrades/paths/by-hand-1.34-1.36";

export { path };

export default upgradeLab("upgrade-by-hand", path);
