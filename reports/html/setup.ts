import { existsSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { onRunEnd } from "#harness/evidence/listeners";
import { compare, page, readUpgrade, reportFile } from "../compare/index.ts";
import { runPage } from "./run-page.ts";

/** A vitest setup file: every run that ends gets its page, `index.html` in its folder; one that took an upgrade path also `upgrade.html`. */
onRunEnd((folder) => {
  writeFileSync(join(folder, "index.html"), runPage(folder));
  if (existsSync(join(folder, reportFile)))
    writeFileSync(join(folder, "upgrade.html"), page(compare([readUpgrade(folder)])));
});
