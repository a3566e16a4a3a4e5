import { buffer } from "node:stream/consumers";
import { pack } from "tar-stream";
import type { Shell } from "#harness/model/machines";
import type { FileTree } from "#harness/model/units";

/** Puts files on the machine of a root shell. Throws `LabBroken` when its tar does not take them. */
export async function putFiles(sh: Shell, files: FileTree): Promise<void> {
  await sh(["tar", "-x", "-p", "-C", "/", "-f", "-"], { input: await tarOf(files) });
}

/**
 * Files as a tar archive, to be unpacked by the machine's own tar: unlike the engine's upload that reaches tmpfs such
 * as /run too, knows the machine's user names, and replaces a file that is in use instead of writing into it.
 */
export async function tarOf(files: FileTree): Promise<Buffer> {
  const archive = pack();
  for (const [path, file] of Object.entries(files)) {
    const { content, mode = 0o644, owner = "root" } = typeof file === "string" ? { content: file } : file;
    const [user = "root", group = user] = owner.split(":");
    archive.entry(
      { name: path.replace(/^\/+/, ""), mode, mtime: new Date(), ...ownership("u", user), ...ownership("g", group) },
      typeof content === "string" ? content : Buffer.from(content),
    );
  }
  archive.finalize();
  return buffer(archive);
}

function ownership(kind: "u" | "g", who: string): Record<string, string | number> {
  return /^\d+$/.test(who) ? { [`${kind}id`]: Number(who) } : { [`${kind}name`]: who };
}
