import type { Version } from "./units.ts";

export type Arch = "amd64" | "arm64";

/** A program at a version, and all the ways in which it can be had. Declared as data in `fixtures/versions.ts`. */
export interface Program {
  /** The file's name on a machine: `kubelet`. */
  readonly name: string;
  readonly version: Version;
  /** Upstream's release, verified by upstream's published SHA-256. Also the layout that a mirror has. */
  readonly release?: Release;
  /** Downloaded from a Maven repository; the same file for every architecture. */
  readonly maven?: MavenArtifact;
  /** Built from a pinned Go module. */
  readonly goModule?: GoModule;
  /** The text of a C file of this project, of which a shared library is made. */
  readonly cLibrary?: string;
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

/** A file by its Maven coordinates, at Maven Central or wherever this computer is set to look instead. */
export interface MavenArtifact {
  /** `org.keycloak` */
  readonly group: string;
  readonly artifact: string;
  readonly version: Version;
  /** `zip`, `jar`. */
  readonly type: string;
  /** Pinned, so that it does not matter which repository it comes from. */
  readonly sha256: string;
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
  /**
   * The release of Go that builds it, `go1.24.9`, where a later one makes a faulty program of it. Obtained by Go itself,
   * as the module golang.org/toolchain. Default: this computer's, or where go.mod asks for a later one, that.
   */
  readonly toolchain?: string;
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
  /** What exactly it was made from: a URL, a package and its version, a Go package and the toolchain. */
  readonly from?: string;
  /** Providers asked before, each with its reason for not providing. */
  readonly refusals: readonly Refusal[];
}

export interface Refusal {
  readonly provider: string;
  readonly because: string;
}

/** A source of artifacts. Asked in order; the first that can, does. */
export interface ArtifactProvider {
  readonly name: string;
  /** Whether it is worth asking at all. Costs no network. */
  offers(program: Program, arch: Arch): Promise<{ readonly can: boolean; readonly because: string }>;
  /**
   * Writes each program to its path, making together what is cheaper made together. For what it cannot provide it
   * tells why, and the next provider is asked. Throws `LabBroken` only when no other provider could do better, such
   * as on a full disk, and the signal's reason when aborted.
   */
  fetch(
    wanted: ReadonlyMap<Program, string>,
    arch: Arch,
    options: FetchOptions,
  ): Promise<ReadonlyMap<Program, Fetched>>;
}

export interface FetchOptions {
  /** An empty folder for what is needed on the way; removed by the caller. */
  readonly workspace: string;
  readonly note: (text: string) => void;
  readonly signal?: AbortSignal;
}

export type Fetched = { readonly sha256: string; readonly from: string } | { readonly refused: string };
