import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { onRunEnd } from "#harness/evidence/listeners";
import { runPage } from "./run-page.ts";

/** A vitest setup file: every run that ends gets its page, `index.html` in its folder. */
onRunEnd((folder) => writeFileSync(join(folder, "index.html"), runPage(folder)));
