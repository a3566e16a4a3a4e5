import { readdirSync } from "node:fs";
import type { Ending } from "#fixtures/claims/upgrade";
import { upgradeLab } from "#fixtures/upgrades/lab";
import type { UpgradePath } from "#harness/model/upgrade";

/** Every path that has a name, by it. */
export const paths: Readonly<Record<string, UpgradePath>> = Object.fromEntries(
  await Promise.all(
    readdirSync(new URL("../../fixtures/upgrades/paths/", import.meta.url)).map(async (file) => {
      const { default: path } = (await import(`#fixtures/upgrades/paths/${file.replace(/\.ts$/, "")}`)) as {
        default: UpgradePath;
      };
      return [path.name, path];
    }),
  ),
);

/** How a path ends that does not end well. */
export const endings: Readonly<Record<string, Ending>> = {};

const labs = Object.values(paths).map((path) => [path.name, upgradeLab(`upgrade-paths+${path.name}`, path)] as const);

/** A lab for each path: `npx hardway up scenarios/upgrade-paths --variant <path>`. */
export const variants = Object.fromEntries(labs);

export default upgradeLab("upgrade-paths", Object.values(paths)[0] as UpgradePath);
