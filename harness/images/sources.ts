import { access, readdir, readFile } from "node:fs/promises";
import { LabBroken } from "#harness/model/errors";

const debianSuite = /^(?:bullseye|bookworm|trixie|forky|sid|oldstable|stable|testing|unstable)(-updates|-security)?$/;

/**
 * Package sources for a Debian `suite`, in deb822 form: those of this computer that are Debian's (a mirror holds all
 * suites, so its archive serves whatever release this computer runs), else the archive that `HARDWAY_DEBIAN_ARCHIVE`
 * names, signed by a key of `keyring`: no Ubuntu trusts Debian's keys by itself. Throws `LabBroken` when there is neither,
 * or no keyring.
 */
export async function packageSources(
  suite: string,
  folder = "/etc/apt",
  archive = process.env.HARDWAY_DEBIAN_ARCHIVE,
  keyring = "/usr/share/keyrings/debian-archive-keyring.gpg",
): Promise<string> {
  const names = await readdir(`${folder}/sources.list.d`).catch(() => []);
  const paths = ["sources.list", ...names.sort().map((name) => `sources.list.d/${name}`)];
  const stanzas = [];
  for (const path of paths) {
    if (!/\.(list|sources)$/.test(path)) continue;
    const text = await readFile(`${folder}/${path}`, "utf8").catch(() => "");
    stanzas.push(...(path.endsWith(".sources") ? deb822(text) : oneLine(text)));
  }
  const sources = new Set(stanzas.map((stanza) => forSuite(stanza, suite)).filter((stanza) => stanza !== undefined));
  if (sources.size > 0) return [...sources].join("\n");
  if (!archive)
    throw new LabBroken("this computer's package sources name no Debian archive, which machines are made from", {
      who: folder,
      look: "set HARDWAY_DEBIAN_ARCHIVE to the address of one",
    });
  await access(keyring).catch((cause) => {
    throw new LabBroken("the keys by which a Debian archive is known are missing", {
      who: keyring,
      look: "install the package debian-archive-keyring, as ./bootstrap does where it may",
      cause,
    });
  });
  return `Types: deb\nURIs: ${archive}\nSuites: ${suite} ${suite}-updates\nComponents: main\nSigned-By: ${keyring}\n`;
}

type Stanza = ReadonlyMap<string, string>;

function deb822(text: string): Stanza[] {
  const uncommented = text.replace(/^#.*\n?/gm, "");
  return uncommented
    .split(/\n\s*\n/)
    .filter((part) => part.trim() !== "")
    .map(
      (part) => new Map([...part.matchAll(/^(\S+):[ \t]*(.*(?:\n[ \t].*)*)/gm)].map((m) => [m[1] ?? "", m[2] ?? ""])),
    );
}

function oneLine(text: string): Stanza[] {
  return [...text.matchAll(/^deb\s+(?:\[([^\]]*)\]\s+)?(\S+)\s+(\S+)\s+(.+)$/gm)].map(
    ([, options = "", uri = "", suite = "", components = ""]) => {
      const key = /signed-by=(\S+)/i.exec(options)?.[1];
      return new Map([
        ["Types", "deb"],
        ["URIs", uri],
        ["Suites", suite],
        ["Components", components.replace(/#.*/, "").trim()],
        ...(key ? [["Signed-By", key] as const] : []),
      ]);
    },
  );
}

function forSuite(stanza: Stanza, suite: string): string | undefined {
  const suites = (stanza.get("Suites") ?? "").split(/\s+/).flatMap((name) => {
    const match = debianSuite.exec(name);
    return match ? [`${suite}${match[1] ?? ""}`] : [];
  });
  const isDebian = suites.length > 0 && /\bdeb\b/.test(stanza.get("Types") ?? "") && stanza.get("Enabled") !== "no";
  if (!isDebian || !/\bmain\b/.test(stanza.get("Components") ?? "")) return undefined;
  const kept = new Map([...stanza, ["Types", "deb"], ["Suites", suites.join(" ")], ["Components", "main"]]);
  return [...kept].map(([key, value]) => `${key}: ${value}\n`).join("");
}
