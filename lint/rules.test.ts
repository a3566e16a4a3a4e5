import { execFileSync } from "node:child_process";
import { cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";

const project = resolve(import.meta.dirname, "..");

/** One import each; where it is refused, the words that say why. */
const imports: readonly (readonly [file: string, source: string, refused?: string])[] = [
  ["harness/model/a.ts", "./units.ts"],
  ["harness/model/b.ts", "#harness/host/x", "harness/model imports nothing"],
  ["harness/model/c.ts", "node:fs", "harness/model imports nothing"],
  ["harness/kube/a.ts", "../model/kube.ts"],
  ["harness/kube/b.ts", "#fixtures/versions", "The harness knows no fixture"],
  ["harness/kube/c.ts", "../../fixtures/versions.ts", "The harness knows no fixture"],
  ["harness/cli/a.ts", "../../scenarios/metallb-bgp/scenario.ts", "The harness knows no fixture"],
  ["fixtures/a.ts", "#harness/judging/check"],
  ["fixtures/b.ts", "#reports/allure/setup", "Fixtures import"],
  ["fixtures/c.ts", "../scenarios/metallb-bgp/scenario.ts", "Fixtures import"],
  ["scenarios/x/a.ts", "#fixtures/versions"],
  ["scenarios/x/b.ts", "./scenario.ts"],
  ["scenarios/x/c.ts", "../y/scenario.ts", "nobody imports a scenario"],
  ["reports/a.ts", "#harness/evidence/journal"],
  ["reports/b.ts", "../harness/model/evidence.ts"],
  ["reports/c.ts", "#harness/kube/client", "Reports read"],
  ["reports/d.ts", "#fixtures/versions", "Reports read"],
  ["harness/machines/container/a.ts", "testcontainers"],
  ["harness/machines/ssh/a.ts", "testcontainers", "testcontainers and dockerode: only in"],
  ["harness/machines/ssh/b.ts", "ssh2"],
  ["harness/run/a.ts", "ssh2/lib/client.js", "ssh2: only in"],
  ["harness/provision/pki/a.ts", "node-forge"],
  ["harness/provision/a.ts", "node-forge", "node-forge: only in"],
  ["fixtures/d.ts", "@kubernetes/client-node", "@kubernetes/client-node: only in"],
  ["harness/vitest/a.ts", "vitest"],
  ["harness/run/a.test.ts", "vitest"],
  ["harness/run/b.ts", "vitest", "vitest: only in"],
  ["reports/allure/a.ts", "allure-js-commons"],
  ["harness/vitest/b.ts", "allure-js-commons", "allure: only in"],
  ["harness/host/a.ts", "zx"],
  ["harness/run/c.ts", "zx", "zx and log-update: only in"],
  ["harness/cli/b.ts", "commander"],
  ["fixtures/e.ts", "commander", "commander: only in"],
];

const forms: Record<string, (source: string) => string> = {
  import: (source) => `import * as all from "${source}";\nexport default all;\n`,
  "type import": (source) => `import type { T } from "${source}";\nexport type U = T;\n`,
  "re-export": (source) => `export * from "${source}";\n`,
  "dynamic import": (source) => `export const all = await import("${source}");\n`,
  "import type": (source) => `export type T = import("${source}").T;\n`,
};

const folder = mkdtempSync(join(tmpdir(), "hardway-lint-"));
beforeAll(() => {
  cpSync(join(project, "biome.json"), join(folder, "biome.json"));
  cpSync(join(project, "lint"), join(folder, "lint"), { recursive: true });
});
afterAll(() => rmSync(folder, { recursive: true }));

function write(file: string, text: string): void {
  mkdirSync(dirname(join(folder, file)), { recursive: true });
  writeFileSync(join(folder, file), text);
}

/** Every complaint of the dependency rules: file and message. */
function complaints(): { file: string; message: string }[] {
  const biome = join(project, "node_modules/@biomejs/biome/bin/biome");
  let out: string;
  try {
    out = execFileSync(process.execPath, [biome, "lint", "--reporter=json", "--max-diagnostics=none", "."], {
      cwd: folder,
      encoding: "utf8",
      stdio: ["ignore", "pipe", "ignore"],
    });
  } catch (error) {
    out = (error as { stdout: string }).stdout;
  }
  const { diagnostics } = JSON.parse(out) as {
    diagnostics: { category: string; message: string; location: { path: string } }[];
  };
  return diagnostics.filter((d) => d.category === "plugin").map((d) => ({ file: d.location.path, message: d.message }));
}

test.each(Object.keys(forms))("a forbidden %s is refused, an allowed one is not", (form) => {
  for (const [file, source] of imports) write(file, forms[form]?.(source) ?? "");
  const seen = complaints();
  for (const [file, source, refused] of imports) {
    const words = seen.filter((c) => c.file === file).map((c) => c.message);
    expect(words, `${file} imports ${source}`).toEqual(refused ? [expect.stringContaining(refused)] : []);
  }
});
