/**
 * Finds a file's SHA-256 in what upstream published: the digest alone, the output of `sha256sum` (`<digest>  <file>`,
 * `<digest> *<file>`, signed or not), or of `sha256sum --tag` (`SHA256 (<file>) = <digest>`). Undefined when it is not
 * in it; a digest of another file is never taken.
 */
export function publishedSha256(text: string, file: string): string | undefined {
  const alone = /^([0-9a-f]{64})$/i.exec(text.trim());
  if (alone) return alone[1]?.toLowerCase();
  for (const line of text.split(/\r?\n/)) {
    const [, digest, name] = /^([0-9a-f]{64})\s+\*?(\S.*?)\s*$/i.exec(line) ?? [];
    if (digest && name && baseName(name) === file) return digest.toLowerCase();
    const [, taggedName, tagged] = /^SHA256 \((.+)\) = ([0-9a-f]{64})\s*$/i.exec(line) ?? [];
    if (tagged && taggedName && baseName(taggedName) === file) return tagged.toLowerCase();
  }
  return undefined;
}

function baseName(path: string): string {
  return path.slice(path.lastIndexOf("/") + 1);
}
