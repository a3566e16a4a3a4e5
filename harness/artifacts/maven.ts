import { readFile } from "node:fs/promises";
import { homedir } from "node:os";
import { join } from "node:path";
import { parseXml, XmlElement } from "@rgrove/parse-xml";
import type { ArtifactProvider, MavenArtifact } from "../model/artifacts.ts";
import { reasonOf } from "../model/errors.ts";
import type { Downloads } from "./download.ts";
import { type Source, VerifiedFiles } from "./verified.ts";

const central = "https://repo.maven.apache.org/maven2";

/** A Maven repository, Central or the mirror of it that this computer is set to ask. Every file's SHA-256 is pinned. */
export function mavenRepository(downloads: Downloads, env: NodeJS.ProcessEnv = process.env): ArtifactProvider {
  return new VerifiedFiles("Maven repository", downloads, async ({ maven }) => {
    if (!maven) return "it is not taken from a Maven repository";
    const repository = await repositoryUrl(env).catch((e) => ({ unreadable: reasonOf(e) }));
    return typeof repository === "string" ? placed(maven, repository) : repository.unreadable;
  });
}

/** Where Maven Central has an artifact. */
export const onCentral = (maven: MavenArtifact): Source => placed(maven, central);

function placed({ group, artifact, version, type, sha256 }: MavenArtifact, repository: string): Source {
  const folder = [repository.replace(/\/+$/, ""), ...group.split("."), artifact, version].join("/");
  return { url: `${folder}/${artifact}-${version}.${type}`, sha256 };
}

/**
 * The repository to ask for what is at Central: MAVEN_MIRROR_URL, or the mirror of `central` in Maven's settings, the
 * user's before the computer's. Throws for settings that cannot be read.
 * https://maven.apache.org/guides/mini/guide-mirror-settings.html
 */
export async function repositoryUrl(env: NodeJS.ProcessEnv): Promise<string> {
  if (env.MAVEN_MIRROR_URL) return env.MAVEN_MIRROR_URL;
  const installation = env.MAVEN_HOME ?? env.M2_HOME;
  const settings = [
    join(env.HOME ?? homedir(), ".m2", "settings.xml"),
    installation ? join(installation, "conf", "settings.xml") : "/etc/maven/settings.xml",
  ];
  const mirrors = (await Promise.all(settings.map(mirrorsIn))).flat();
  const mirror = mirrors.find((m) => m.of === "central") ?? mirrors.find((m) => coversCentral(m.of));
  return mirror ? mirror.url.replace(/\$\{env\.(\w+)\}/g, (_, name) => env[name] ?? "") : central;
}

interface Mirror {
  readonly of: string;
  readonly url: string;
}

async function mirrorsIn(file: string): Promise<readonly Mirror[]> {
  const text = await readFile(file, "utf8").catch((e: NodeJS.ErrnoException) => {
    if (e.code === "ENOENT") return undefined;
    throw e;
  });
  if (text === undefined) return [];
  try {
    const { root } = parseXml(text);
    return children(root, "mirrors")
      .flatMap((mirrors) => children(mirrors, "mirror"))
      .map((mirror) => ({ of: textOf(mirror, "mirrorOf"), url: textOf(mirror, "url") }));
  } catch (cause) {
    throw new Error(`${file} cannot be read: ${reasonOf(cause).split("\n")[0]}`, { cause });
  }
}

function children(element: XmlElement | null, name: string): XmlElement[] {
  return (element?.children ?? []).filter((c): c is XmlElement => c instanceof XmlElement && c.name === name);
}

const textOf = (element: XmlElement, name: string): string => children(element, name)[0]?.text.trim() ?? "";

function coversCentral(mirrorOf: string): boolean {
  const patterns = mirrorOf.split(",").map((pattern) => pattern.trim());
  return !patterns.includes("!central") && patterns.some((p) => ["central", "*", "external:*"].includes(p));
}
