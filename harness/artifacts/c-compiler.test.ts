import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import type { Program } from "../model/artifacts.ts";
import { cCompiler } from "./c-compiler.ts";

const library = (cLibrary: string): Program => ({ name: "answer.so", version: "1.0.0", cLibrary });
const hostKind = process.arch === "x64" ? "amd64" : "arm64";
let workspace: string;
beforeEach(async () => {
  workspace = await mkdtemp(join(tmpdir(), "hardway-c-"));
});
afterEach(() => rm(workspace, { recursive: true, force: true }));

const compiled = async (program: Program) => {
  const to = join(workspace, "out");
  const fetched = await cCompiler().fetch(new Map([[program, to]]), hostKind, { workspace, note: () => undefined });
  return { to, fetched: fetched.get(program) };
};

test("a C file of this project becomes a shared library", async () => {
  const { to, fetched } = await compiled(library("int answer(void) { return 42; }\n"));
  expect(fetched).toMatchObject({ from: expect.stringContaining("this project's own source, cc") });
  // The ELF header: its magic number, and the type of file, 3 for shared objects.
  const header = await readFile(to);
  expect([header.toString("latin1", 0, 4), header.readUInt16LE(16)]).toEqual(["\x7fELF", 3]);
});

test("what the compiler refuses is refused in its words", async () => {
  const { fetched } = await compiled(library("int answer(void) { return }\n"));
  expect(fetched).toMatchObject({ refused: expect.stringMatching(/^`cc` failed: [\s\S]*error: /) });
});

test("nothing else is offered, nor anything for another kind of computer", async () => {
  const { offers } = cCompiler();
  expect(await offers({ name: "tool", version: "1" }, hostKind)).toMatchObject({ can: false });
  expect(await offers(library(""), hostKind === "amd64" ? "arm64" : "amd64")).toMatchObject({ can: false });
  expect(await cCompiler({ PATH: "" }).offers(library(""), hostKind)).toEqual({
    can: false,
    because: "there is no `cc` on the PATH",
  });
});
