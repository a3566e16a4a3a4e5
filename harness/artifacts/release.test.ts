import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import type { ServerResponse } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import type { ArtifactProvider, Program } from "../model/artifacts.ts";
import { Downloads } from "./download.ts";
import { mirror, upstreamRelease } from "./release.ts";
import { type Answer, released, sha256, tgz, upstream } from "./upstream.testing.ts";

const quick = { connectMs: 500, answerMs: 400, slownessMs: 400 };
const good = "#!/bin/sh\necho tool 1.0.0\n";
let folder: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "hardway-release-"));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

async function fetched(provider: ArtifactProvider, programs: readonly Program[]) {
  const wanted = new Map(programs.map((p) => [p, join(folder, `to-${p.name}`)]));
  return provider.fetch(wanted, "amd64", { workspace: folder, note: () => {} });
}

interface Change extends Partial<NonNullable<Program["release"]>> {}

async function one(answers: Record<string, Answer>, change: Change = {}, downloads = new Downloads()) {
  await using server = await upstream(answers);
  const program = released(server.url);
  const changed = { ...program, release: { ...program.release, ...change } } as Program;
  return (await fetched(upstreamRelease(downloads), [changed])).get(changed);
}

describe("upstream's release", () => {
  test("is taken when its SHA-256 is the published one", async () => {
    const result = await one({ "/v1.0.0/tool": good, "/v1.0.0/tool.sha256": sha256(good) });
    expect(result).toEqual({ sha256: sha256(good), from: expect.stringMatching(/^http.*\/v1.0.0\/tool$/) });
    expect(await readFile(join(folder, "to-tool"), "utf8")).toBe(good);
  });

  test("is taken through a redirect, as GitHub's are", async () => {
    const elsewhere = (response: ServerResponse) => void response.writeHead(302, { location: "/store/tool" }).end();
    const sums = `${sha256("x")}  other\n${sha256(good)}  tool\n`;
    const result = await one({ "/v1.0.0/tool": elsewhere, "/store/tool": good, "/v1.0.0/tool.sha256": sums });
    expect(result).toHaveProperty("sha256", sha256(good));
  });

  test.each<[why: string, answers: Record<string, Answer>, because: RegExp]>([
    [
      "its checksum is another",
      { "/v1.0.0/tool": good, "/v1.0.0/tool.sha256": sha256("other") },
      /\/v1.0.0\/tool has the SHA-256 [0-9a-f]{64} and not the published [0-9a-f]{64}/,
    ],
    ["it is not there", { "/v1.0.0/tool.sha256": sha256(good) }, /\/v1.0.0\/tool answered 404/],
    ["no checksum is published", { "/v1.0.0/tool": good }, /\/tool.sha256 answered 404/],
    [
      "its checksums are garbage",
      { "/v1.0.0/tool": good, "/v1.0.0/tool.sha256": "<html>Sign in</html>" },
      /\/tool.sha256 has no SHA-256 of tool; it begins "<html>Sign in<\/html>"/,
    ],
    [
      "its checksums are endless",
      { "/v1.0.0/tool": good, "/v1.0.0/tool.sha256": new Uint8Array(2 << 20) },
      /is no list of checksums: it has more than 1 MB/,
    ],
    [
      "it is cut short",
      {
        "/v1.0.0/tool.sha256": sha256(good),
        "/v1.0.0/tool": (response) => {
          response.writeHead(200, { "content-length": good.length });
          response.write(good.slice(0, 5), () => response.destroy());
        },
      },
      /\/v1.0.0\/tool: the transfer broke/,
    ],
  ])("is refused when %s", async (_, answers, because) => {
    expect(await one(answers)).toEqual({ refused: expect.stringMatching(because) });
  });

  test.each<[why: string, answers: Record<string, Answer>, because: RegExp]>([
    [
      "it stalls",
      {
        "/v1.0.0/tool.sha256": sha256(good),
        "/v1.0.0/tool": (response) => {
          response.writeHead(200, { "content-length": 1000 });
          response.write(good);
        },
      },
      /^127.0.0.1:\d+ (stalled|is too slow)/,
    ],
    [
      "it trickles",
      {
        "/v1.0.0/tool.sha256": sha256(good),
        "/v1.0.0/tool": (response) => {
          response.writeHead(200, { "content-length": 1000 });
          const drip = setInterval(() => response.write("."), 20);
          response.on("close", () => clearInterval(drip));
        },
      },
      /^127.0.0.1:\d+ is too slow: \d+ B in 400ms/,
    ],
    ["its server never answers", { "/v1.0.0/tool.sha256": () => {} }, /does not answer \(nothing within 400ms\)/],
  ])("is refused when %s", async (_, answers, because) => {
    expect(await one(answers, {}, new Downloads(quick))).toEqual({ refused: expect.stringMatching(because) });
  });

  test("is asked for once only where the server cannot be reached or does not answer", async () => {
    await using server = await upstream({ "/v1.0.0/a.sha256": () => {} });
    const programs = [released(server.url, "a"), released(server.url, "b")];
    const downloads = new Downloads(quick);
    const results = await fetched(upstreamRelease(downloads), programs);
    expect([...results.values()]).toEqual(programs.map(() => ({ refused: expect.stringMatching(/does not answer/) })));
    expect(server.asked).toEqual(["/v1.0.0/a.sha256"]);

    const down = released("http://127.0.0.1:1");
    expect((await fetched(upstreamRelease(downloads), [down])).get(down)).toEqual({
      refused: "127.0.0.1:1 cannot be reached (ECONNREFUSED)",
    });
    const nowhere = released("http://release.invalid");
    expect((await fetched(upstreamRelease(downloads), [nowhere])).get(nowhere)).toEqual({
      refused: expect.stringMatching(/^release.invalid has no address here \((ENOTFOUND|EAI_AGAIN)\)$/),
    });
  });

  test("is loaded once for all programs that its archive holds", async () => {
    const archive = await tgz({ "./bin/one": "1", "./bin/two": "2", README: "…" });
    await using server = await upstream({ "/all-amd64.tgz": archive, "/sums": `${sha256(archive)}  all-amd64.tgz` });
    const [one, two, three] = ["one", "two", "three"].map((name) => ({
      name,
      version: "1",
      release: { url: `${server.url}/all-{arch}.tgz`, sha256Url: `${server.url}/sums`, member: `bin/${name}` },
    })) as [Program, Program, Program];
    const results = await fetched(upstreamRelease(new Downloads()), [one, two, three]);
    expect(results.get(one)).toEqual({ sha256: sha256("1"), from: `${server.url}/all-amd64.tgz, bin/one in it` });
    expect(results.get(two)).toHaveProperty("sha256", sha256("2"));
    expect(results.get(three)).toEqual({ refused: `${server.url}/all-amd64.tgz holds no bin/three` });
    expect(await readFile(join(folder, "to-two"), "utf8")).toBe("2");
    expect(server.asked).toEqual(["/sums", "/all-amd64.tgz"]);
  });

  test("is refused when its archive is none", async () => {
    const result = await one({ "/v1.0.0/tool": good, "/v1.0.0/tool.sha256": sha256(good) }, { member: "tool" });
    expect(result).toEqual({ refused: expect.stringMatching(/^tool cannot be unpacked: incorrect header check/) });
  });

  test("is given up at once when the run is interrupted", async () => {
    await using server = await upstream({ "/v1.0.0/tool.sha256": () => {} });
    const program = released(server.url);
    const why = new Error("Ctrl-C");
    await expect(
      upstreamRelease(new Downloads()).fetch(new Map([[program, join(folder, "tool")]]), "amd64", {
        workspace: folder,
        note: () => {},
        signal: soon(why),
      }),
    ).rejects.toBe(why);
  });
});

function soon(why: Error): AbortSignal {
  const controller = new AbortController();
  setTimeout(() => controller.abort(why), 100);
  return controller.signal;
}

describe("a mirror", () => {
  const program = released("https://releases.example:8443");

  test("is a folder with upstream's layout", async () => {
    const base = join(folder, "mirror", "releases.example:8443", "v1.0.0");
    await mkdir(base, { recursive: true });
    await writeFile(join(base, "tool"), good);
    await writeFile(join(base, "tool.sha256"), sha256(good));
    const from = mirror(join(folder, "mirror"), new Downloads());
    expect((await fetched(from, [program])).get(program)).toEqual({ sha256: sha256(good), from: join(base, "tool") });

    await writeFile(join(base, "tool"), "tampered with");
    expect((await fetched(from, [program])).get(program)).toEqual({
      refused: expect.stringMatching(/has the SHA-256/),
    });
  });

  test("is a URL with upstream's layout", async () => {
    const path = "/m/releases.example:8443/v1.0.0/tool";
    await using server = await upstream({ [path]: good, [`${path}.sha256`]: sha256(good) });
    for (const base of [`${server.url}/m`, `${server.url}/m/`]) {
      const results = await fetched(mirror(base, new Downloads()), [program]);
      expect(results.get(program)).toEqual({ sha256: sha256(good), from: `${server.url}${path}` });
    }
  });

  test("holds what is at Maven Central too", async () => {
    const maven = { group: "org.example", artifact: "tool", version: "1.0.0", type: "zip", sha256: sha256(good) };
    const zip: Program = { name: "tool.zip", version: "1.0.0", maven };
    const base = join(folder, "repo.maven.apache.org", "maven2", "org", "example", "tool", "1.0.0");
    await mkdir(base, { recursive: true });
    await writeFile(join(base, "tool-1.0.0.zip"), good);
    const from = mirror(folder, new Downloads());
    expect(await from.offers(zip, "amd64")).toEqual({ can: true, because: "" });
    expect((await fetched(from, [zip])).get(zip)).toEqual({ sha256: sha256(good), from: join(base, "tool-1.0.0.zip") });
  });

  test("refuses what it has not got", async () => {
    const results = await fetched(mirror(folder, new Downloads()), [program]);
    expect(results.get(program)).toEqual({
      refused: `${folder}/releases.example:8443/v1.0.0/tool.sha256: no such file`,
    });
  });

  test("is not asked when none is set, nor for what upstream does not release", async () => {
    expect(await mirror(undefined, new Downloads()).offers(program, "amd64")).toEqual({
      can: false,
      because: "HARDWAY_MIRROR is not set",
    });
    expect(await mirror(folder, new Downloads()).offers({ name: "a", version: "1" }, "amd64")).toEqual({
      can: false,
      because: "upstream publishes no verifiable binary of it",
    });
  });
});
