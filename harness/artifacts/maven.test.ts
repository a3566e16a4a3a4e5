import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import type { Program } from "../model/artifacts.ts";
import { Downloads } from "./download.ts";
import { mavenRepository, repositoryUrl } from "./maven.ts";
import { type Answer, sha256, upstream } from "./upstream.testing.ts";

const content = "PK, a zip";
const maven = {
  group: "org.example.tools",
  artifact: "tool-dist",
  version: "1.0.0",
  type: "zip",
  sha256: sha256(content),
};
const tool: Program = { name: "tool.zip", version: "1.0.0", maven };
const path = "/maven2/org/example/tools/tool-dist/1.0.0/tool-dist-1.0.0.zip";
let home: string;
let env: NodeJS.ProcessEnv;

beforeEach(async () => {
  home = await mkdtemp(join(tmpdir(), "hardway-maven-"));
  env = { HOME: home, MAVEN_HOME: join(home, "maven") };
});
afterEach(() => rm(home, { recursive: true, force: true }));

type Mirrors = Readonly<Record<string, string>>;

const settings = (mirrors: Mirrors) => `<?xml version="1.0" encoding="UTF-8"?>
<!-- <mirror><mirrorOf>central</mirrorOf><url>http://commented.invalid</url></mirror> -->
<settings xmlns="http://maven.apache.org/SETTINGS/1.2.0">
  <localRepository>/var/cache/maven</localRepository>
  <mirrors>${Object.entries(mirrors)
    .map(([of, url]) => `<mirror><id>m</id><mirrorOf>${of}</mirrorOf>\n<url> ${url} </url></mirror>`)
    .join("\n")}</mirrors>
</settings>
`;

async function set(where: "user" | "computer", text: string) {
  const folder = where === "user" ? join(home, ".m2") : join(home, "maven", "conf");
  await mkdir(folder, { recursive: true });
  await writeFile(join(folder, "settings.xml"), text);
}

async function fetched(answers: Record<string, Answer>) {
  await using server = await upstream(answers);
  const provider = mavenRepository(new Downloads(), { ...env, MAVEN_MIRROR_URL: `${server.url}/maven2/` });
  const to = join(home, "to");
  const result = await provider.fetch(new Map([[tool, to]]), "amd64", { workspace: home, note: () => {} });
  return { result: result.get(tool), to };
}

describe("a file of a Maven repository", () => {
  test("is taken when it has the pinned SHA-256", async () => {
    const { result, to } = await fetched({ [path]: content });
    expect(result).toEqual({ sha256: sha256(content), from: expect.stringMatching(new RegExp(`^http.*\\d${path}$`)) });
    expect(await readFile(to, "utf8")).toBe(content);
  });

  test("is refused when it has another, whatever the repository publishes beside it", async () => {
    const other = "PK, another zip";
    const { result } = await fetched({ [path]: other, [`${path}.sha256`]: sha256(other) });
    const because = `has the SHA-256 ${sha256(other)} and not the pinned ${sha256(content)}`;
    expect(result).toEqual({ refused: expect.stringContaining(because) });
  });

  test("is refused when it is not there", async () => {
    expect((await fetched({})).result).toEqual({ refused: expect.stringMatching(/tool-dist-1.0.0.zip answered 404$/) });
  });

  test("is not asked for without coordinates, nor when Maven's settings are broken", async () => {
    const offers = (program: Program) => mavenRepository(new Downloads(), env).offers(program, "amd64");
    expect(await offers(tool)).toEqual({ can: true, because: "" });
    expect(await offers({ name: "a", version: "1" })).toEqual({
      can: false,
      because: "it is not taken from a Maven repository",
    });
    await set("user", "<settings><mirrors></settings>");
    expect(await offers(tool)).toEqual({
      can: false,
      because: expect.stringMatching(/\/\.m2\/settings\.xml cannot be read: Missing end tag/),
    });
  });
});

describe("the repository", () => {
  const central = "https://repo.maven.apache.org/maven2";

  test("is Central when nothing else is set", async () => {
    expect(await repositoryUrl(env)).toBe(central);
    await set("user", settings({}));
    expect(await repositoryUrl(env)).toBe(central);
  });

  test.each(["central", "*", "external:*", "*,!snapshots", "internal, central"])("is the mirror of %j", async (of) => {
    await set("computer", settings({ [of]: "https://m.invalid/maven" }));
    expect(await repositoryUrl(env)).toBe("https://m.invalid/maven");
  });

  test.each(["snapshots", "external:http:*", "*,!central"])("is not the mirror of %j", async (of) => {
    await set("computer", settings({ [of]: "https://m.invalid/maven" }));
    expect(await repositoryUrl(env)).toBe(central);
  });

  test("is the user's mirror before the computer's, one of Central by name before others, the variable's before all", async () => {
    await set("computer", settings({ "*": "https://computer.invalid" }));
    await set("user", settings({ "external:*": `https://user.invalid/$\{env.TEAM}` }));
    expect(await repositoryUrl({ ...env, TEAM: "red" })).toBe("https://user.invalid/red");
    await set("computer", settings({ "*": "https://computer.invalid", central: "https://by-name.invalid" }));
    expect(await repositoryUrl(env)).toBe("https://by-name.invalid");
    expect(await repositoryUrl({ ...env, MAVEN_MIRROR_URL: "https://variable.invalid" })).toBe(
      "https://variable.invalid",
    );
  });
});
