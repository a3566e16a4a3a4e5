import { createHash } from "node:crypto";
import type { Readable } from "node:stream";
import type { Arch } from "../model/artifacts.ts";
import { addFile, type Layer, tarOf } from "./layer.ts";

/** An image to be written: its layers, bottom first, and how it runs. */
export interface ArchivedImage {
  readonly ref: string;
  readonly layers: readonly Layer[];
  /** The `config` object of the OCI image specification. */
  readonly config: {
    readonly Entrypoint?: readonly string[];
    readonly Cmd?: readonly string[];
    readonly Env?: readonly string[];
    readonly User?: string;
    readonly Labels?: Readonly<Record<string, string>>;
    readonly StopSignal?: string;
  };
}

type Blob = { readonly digest: string; readonly size: number; readonly content: Uint8Array | (() => Readable) };

/**
 * Images as one tar that `docker load`, `podman load` and `ctr images import` take alike: an OCI image layout with
 * Docker's manifest.json beside it. A layer that several images share is in it once. Reproducible.
 */
export function imageArchive(images: readonly ArchivedImage[], arch: Arch): Readable {
  const blobs = new Map<string, Blob>();
  const keep = (blob: Blob) => {
    blobs.set(blob.digest, blob);
    return { digest: blob.digest, size: blob.size };
  };
  const manifests = [];
  const docker = [];
  for (const { ref, layers, config } of images) {
    const layerBlobs = layers.map((layer) => ({
      mediaType: "application/vnd.oci.image.layer.v1.tar",
      ...keep({ digest: layer.digest, size: layer.bytes, content: layer.open }),
    }));
    const configBlob = keep(
      json({
        architecture: arch,
        os: "linux",
        created: "1970-01-01T00:00:00Z",
        config,
        rootfs: { type: "layers", diff_ids: layers.map((layer) => layer.digest) },
      }),
    );
    const manifest = keep(
      json({
        schemaVersion: 2,
        mediaType: "application/vnd.oci.image.manifest.v1+json",
        config: { mediaType: "application/vnd.oci.image.config.v1+json", ...configBlob },
        layers: layerBlobs,
      }),
    );
    manifests.push({
      mediaType: "application/vnd.oci.image.manifest.v1+json",
      ...manifest,
      platform: { architecture: arch, os: "linux" },
      annotations: { "io.containerd.image.name": ref, "org.opencontainers.image.ref.name": ref.replace(/^.*:/, "") },
    });
    docker.push({ Config: pathOf(configBlob), RepoTags: [ref], Layers: layerBlobs.map(pathOf) });
  }
  const files = [
    { name: "oci-layout", ...json({ imageLayoutVersion: "1.0.0" }) },
    ...[...blobs.values()].map((blob) => ({ name: pathOf(blob), ...blob })),
    {
      name: "index.json",
      ...json({ schemaVersion: 2, mediaType: "application/vnd.oci.image.index.v1+json", manifests }),
    },
    { name: "manifest.json", ...json(docker) },
  ];
  return tarOf(async (tar) => {
    for (const { name, size, content } of files)
      await addFile(tar, { name, size }, content instanceof Function ? content() : content);
  });
}

function json(value: unknown): Blob & { readonly content: Uint8Array } {
  const content = Buffer.from(JSON.stringify(value));
  return { digest: `sha256:${createHash("sha256").update(content).digest("hex")}`, size: content.length, content };
}

function pathOf(blob: { readonly digest: string }): string {
  return `blobs/${blob.digest.replace(":", "/")}`;
}
