import { createHash } from "node:crypto";
import { buffer } from "node:stream/consumers";
import { extract } from "tar-stream";
import { expect, test } from "vitest";
import { imageArchive } from "./archive.ts";
import { overlayLayer } from "./layer.ts";

async function filesOf(tar: Buffer): Promise<Map<string, Buffer>> {
  const entries = extract();
  entries.end(tar);
  const files = new Map<string, Buffer>();
  for await (const entry of entries) {
    expect(files.has(entry.header.name)).toBe(false);
    files.set(entry.header.name, await buffer(entry));
  }
  return files;
}

test("an archive is an OCI layout with Docker's manifest beside it, shared layers once, every blob named by its digest", async () => {
  const base = await overlayLayer({ programs: {}, files: { "/base": "base" } }, new Map());
  const own = await overlayLayer({ programs: {}, files: { "/own": "own" } }, new Map());
  const images = [
    { ref: "registry.example/one:v1", layers: [base], config: { Entrypoint: ["/one"] } },
    { ref: "registry.example:5000/two:v2", layers: [base, own], config: { Cmd: ["/two"], User: "7" } },
  ];
  const tar = await buffer(imageArchive(images, "arm64"));
  const files = await filesOf(tar);
  const json = (path: string) => JSON.parse(String(files.get(path)));

  for (const [path, content] of files) {
    const [, digest] = /^blobs\/sha256\/(.*)$/.exec(path) ?? [];
    if (digest) expect(createHash("sha256").update(content).digest("hex")).toBe(digest);
  }
  expect(json("oci-layout")).toEqual({ imageLayoutVersion: "1.0.0" });
  const [one, two] = json("index.json").manifests;
  expect(one.annotations["io.containerd.image.name"]).toBe("registry.example/one:v1");
  expect(two.annotations["org.opencontainers.image.ref.name"]).toBe("v2");
  const manifest = json(`blobs/${two.digest.replace(":", "/")}`);
  expect(manifest.layers.map((l: { digest: string }) => l.digest)).toEqual([base.digest, own.digest]);
  expect(json(`blobs/${manifest.config.digest.replace(":", "/")}`)).toMatchObject({
    architecture: "arm64",
    config: { Cmd: ["/two"], User: "7" },
    rootfs: { diff_ids: [base.digest, own.digest] },
  });
  expect(json("manifest.json")[1]).toMatchObject({ RepoTags: ["registry.example:5000/two:v2"] });
  for (const path of json("manifest.json")[1].Layers) expect(files.has(path)).toBe(true);

  expect(await buffer(imageArchive(images, "arm64"))).toEqual(tar);
});
