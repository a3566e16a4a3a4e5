import { createHash } from "node:crypto";
import { createServer, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { buffer } from "node:stream/consumers";
import { gzipSync } from "node:zlib";
import { pack } from "tar-stream";
import type { Program } from "../model/artifacts.ts";
import type { Progress } from "../model/progress.ts";

/** What a path answers: contents, or a misbehaviour. */
export type Answer = string | Uint8Array | ((response: ServerResponse) => void);

export interface Upstream extends AsyncDisposable {
  readonly url: string;
  /** Paths in the order in which they were asked for. */
  readonly asked: string[];
}

/** A release server on this computer. */
export async function upstream(answers: Readonly<Record<string, Answer>>): Promise<Upstream> {
  const asked: string[] = [];
  const server = createServer((request, response) => {
    asked.push(request.url ?? "");
    const answer = answers[request.url ?? ""];
    if (answer === undefined) response.writeHead(404).end("Not Found");
    else if (typeof answer === "function") answer(response);
    else response.end(answer);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    asked,
    [Symbol.asyncDispose]: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

export const sha256 = (content: string | Uint8Array): string => createHash("sha256").update(content).digest("hex");

/** A .tgz with these members. */
export async function tgz(members: Readonly<Record<string, string>>): Promise<Buffer> {
  const archive = pack();
  for (const [name, content] of Object.entries(members)) archive.entry({ name }, content);
  archive.finalize();
  return gzipSync(await buffer(archive as unknown as AsyncIterable<Buffer>));
}

/** A program that is released at `<url>/v1.0.0/<name>`. */
export function released(url: string, name = "tool"): Program {
  const file = `${url}/v1.0.0/${name}`;
  return { name, version: "1.0.0", release: { url: file, sha256Url: `${file}.sha256` } };
}

/** Progress that remembers what was told. */
export function heard(): Progress & { readonly lines: string[] } {
  const lines: string[] = [];
  return {
    lines,
    begin: (what) => {
      lines.push(`begin ${what}`);
      return {
        note: (text) => void lines.push(`note ${text}`),
        done: (text) => void lines.push(`done ${text}`),
        failed: (why) => void lines.push(`failed ${why}`),
      };
    },
  };
}
