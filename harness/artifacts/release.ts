import { join, resolve } from "node:path";
import type { Arch, ArtifactProvider, Release } from "../model/artifacts.ts";
import type { Downloads } from "./download.ts";
import { onCentral } from "./maven.ts";
import { type Source, VerifiedFiles } from "./verified.ts";

/** Upstream's own releases, verified by the SHA-256 that upstream publishes. */
export function upstreamRelease(downloads: Downloads): ArtifactProvider {
  return new VerifiedFiles("upstream release", downloads, async ({ release }, arch) =>
    release ? sourceOf(release, arch) : unreleased,
  );
}

/**
 * A mirror with upstream's layout: under the folder or URL `base` comes the host and the path of upstream's URL, or of
 * Maven Central's. What it holds is verified by the SHA-256 that is pinned, or that upstream published, which it holds too.
 */
export function mirror(base: string | undefined, downloads: Downloads): ArtifactProvider {
  if (!base) return new VerifiedFiles("mirror", downloads, async () => "HARDWAY_MIRROR is not set");
  const isUrl = /^https?:/.test(base);
  const mirrored = (url: string): string => {
    const { host, pathname } = new URL(url);
    return isUrl ? `${base.replace(/\/+$/, "")}/${host}${pathname}` : join(resolve(base), host, pathname);
  };
  return new VerifiedFiles("mirror", downloads, async ({ release, maven }, arch) => {
    const upstream = release ? sourceOf(release, arch) : maven && onCentral(maven);
    if (!upstream) return unreleased;
    const { url, sha256 } = upstream;
    const published = typeof sha256 === "string" ? sha256 : { publishedAt: mirrored(sha256.publishedAt) };
    return { ...upstream, url: mirrored(url), sha256: published };
  });
}

const unreleased = "upstream publishes no verifiable binary of it";

function sourceOf({ url, sha256Url, member }: Release, arch: Arch): Source {
  const of = (template: string) => template.replaceAll("{arch}", arch);
  return { url: of(url), sha256: { publishedAt: of(sha256Url) }, ...(member !== undefined && { member }) };
}
