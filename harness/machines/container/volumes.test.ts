import { beforeEach, expect, test, vi } from "vitest";
import type { Engine } from "./engine.ts";
import { isFilled, removeOldVolumes } from "./volumes.ts";

/** An engine's volumes, and those that containers use. */
const state = vi.hoisted(() => ({ there: new Set<string>(), used: new Set<string>() }));

const answer = (statusCode: number) => Object.assign(new Error(`the engine says ${statusCode}`), { statusCode });
const { there, used } = state;
const docker = {
  listVolumes: async () => ({ Volumes: [...there].map((Name) => ({ Name })) }),
  getVolume: (name: string) => ({
    async inspect() {
      if (!there.has(name)) throw answer(404);
    },
    async remove() {
      if (!there.has(name)) throw answer(404);
      if (used.has(name)) throw answer(409);
      there.delete(name);
    },
  }),
} as unknown as Engine["docker"];

vi.mock(import("./engine.ts"), async (actual) => ({ ...(await actual()), engine: async () => ({ docker }) as Engine }));

beforeEach(() => {
  there.clear();
  used.clear();
});

test("an old store goes with its mark, and what is current stays", async () => {
  for (const name of ["old", "old-filled", "new", "new-filled"]) there.add(name);
  expect(await removeOldVolumes({ docker } as Engine, "store", ["new"])).toEqual(["old", "old-filled"]);
  expect([...there]).toEqual(["new", "new-filled"]);
});

test("an old store that a lab uses stays filled", async () => {
  for (const name of ["old", "old-filled"]) there.add(name);
  used.add("old");
  expect(await removeOldVolumes({ docker } as Engine, "store", [])).toEqual([]);
  expect(await isFilled({ docker } as Engine, "old")).toBe(true);
});

test("a store that was never filled goes, and so does a mark without its store", async () => {
  for (const name of ["half", "gone-filled"]) there.add(name);
  expect(await removeOldVolumes({ docker } as Engine, "store", [])).toEqual(["half", "gone-filled"]);
});
