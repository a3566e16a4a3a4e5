import type { Version } from "./units.ts";

export type Arch = "amd64" | "arm64";

/** A program at a version, and all the ways in which it can be had. Declared as data in `fixtures/versions.ts`. */
export interface Program {
  /** The file's name on a machine: `kubelet`. */
  readonly name: string;
  readonly version: Version;
  /** Upstream's release, verified by upstream's published SHA-256. Also the layout that a mirror has. */
  readonly release?: Release;
  /** Built from a pinned Go module. */
  readonly goModule?: GoModule;
  /** Taken from a Debian package of the node's root file system. */
  readonly debian?: { readonly package: string; readonly path: string };
}

export interface Release {
  /** With `{arch}` where the architecture stands: `https://dl.k8s.io/release/v1.36.3/bin/linux/{arch}/kubelet`. */
  readonly url: string;
  /** Where the SHA-256 is published: a file with the digest alone, or a list with file names. */
  readonly sha256Url: string;
  /** Path inside the archive when the release is a .tgz. */
  readonly member?: string;
}

export interface GoModule {
  /** Folder under `fixtures/gomod/` that holds the pinned go.mod and go.sum. Several programs may share one. */
  readonly wrapper: string;
  /** Main package. */
  readonly package: string;
  readonly tags?: readonly string[];
  readonly ldflags?: readonly string[];
  /** Default false. */
  readonly cgo?: boolean;
}

/** A file that was obtained, and how. */
export interface Artifact {
  readonly program: Program;
  readonly arch: Arch;
  /** In the cache, on this computer. Never written to again. */
  readonly path: string;
  readonly sha256: string;
  readonly bytes: number;
  /** Which provider made it first; kept in the cache beside the file. */
  readonly provider: string;
  /** Providers asked before, each with its reason for not providing. */
  readonly refusals: readonly { readonly provider: string; readonly because: string }[];
}

/** A source of artifacts. Asked in order; the first that can, does. */
export interface ArtifactProvider {
  readonly name: string;
  offers(program: Program, arch: Arch): Promise<{ readonly can: boolean; readonly because: string }>;
  /** Writes the program to `to`. Throws `LabBroken`, and then the next provider is asked. */
  fetch(
    program: Program,
    arch: Arch,
    to: string,
    progress: (line: string) => void,
  ): Promise<{ readonly sha256: string }>;
}
