import { cacheFolder, listArtifacts, verifyCache } from "../artifacts/cache.ts";
import { size } from "../artifacts/files.ts";
import { screenProgress } from "../host/progress.ts";
import { removeOldImages } from "../machines/container/image.ts";
import { removeOldVmImages } from "../machines/vm/backend.ts";
import { exitCodes } from "./exit.ts";
import { print, table } from "./print.ts";
import { loadModule, scenarioFolders } from "./scenarios.ts";

/** Prints the cache's programs and where each came from; with `verify` every file is read again. */
export async function artifacts({ verify = false }: { readonly verify?: boolean }): Promise<number> {
  const cached = await (verify ? verifyCache() : listArtifacts());
  const rows = cached.map(({ name, version, arch, bytes, provider, sha256, damaged }) => [
    name,
    version,
    arch,
    size(bytes),
    provider,
    sha256.slice(0, 12),
    damaged ?? (verify ? "intact" : ""),
  ]);
  if (rows.length > 0) print(table(["program", "version", "arch", "size", "provider", "sha256", ""], rows));
  const total = cached.reduce((sum, { bytes }) => sum + bytes, 0);
  print(`${cached.length} programs, ${size(total)}, in ${cacheFolder()}`);
  return cached.some(({ damaged }) => damaged !== undefined) ? exitCodes.broken : exitCodes.conforms;
}

/** Removes the engine's images, stores and disks that no scenario's image set is made of any more. What is in use stays. */
export async function prune(): Promise<number> {
  const modules = await Promise.all((await scenarioFolders()).map((folder) => loadModule(folder)));
  const scenarios = modules.flatMap(({ default: scenario, variants = {} }) => [scenario, ...Object.values(variants)]);
  const sets = [...new Set(scenarios.map(({ cluster }) => cluster.images))];
  const progress = screenProgress();
  const removed = [...(await removeOldImages(sets, progress)), ...(await removeOldVmImages(sets, progress))];
  for (const line of removed) print(`removed ${line}`);
  print(`${removed.length} images, stores and disks removed`);
  return exitCodes.conforms;
}
