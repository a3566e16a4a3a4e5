import { expect, test } from "vitest";
import type { ClusterRecipe, Step } from "../model/provision.ts";
import type { World } from "../model/scenario.ts";
import { buildUntil } from "./build.ts";

function lab() {
  const said: string[] = [];
  const step = (name: string, run = async () => {}): Step => ({
    name,
    on: [],
    within: "1s",
    async run() {
      said.push(name);
      await run();
    },
  });
  const plan = [
    step("certs"),
    [step("join"), step("join")],
    step("addon", () => Promise.reject(new Error("no"))),
    step("last"),
  ];
  const recipe = { provisioner: { plan: () => plan } } as unknown as ClusterRecipe;
  const run = { signal: new AbortController().signal, journal: { write() {} } };
  const world = { run, nodes: {}, topology: {} } as unknown as World;
  return { said, until: (name: string) => buildUntil(world, recipe, name) };
}

test("steps are taken once each, in order, when a claim needs them", async () => {
  const { said, until } = lab();
  await until("certs");
  expect(said).toEqual(["certs"]);
  await Promise.all([until("join"), until("certs")]);
  await until("certs");
  expect(said).toEqual(["certs", "join", "join"]);
});

test("a step that failed is not taken again, and nothing after it", async () => {
  const { said, until } = lab();
  await expect(until("addon")).rejects.toThrow('the step "addon" failed');
  await expect(until("last")).rejects.toThrow('the step "addon" failed');
  expect(said).toEqual(["certs", "join", "join", "addon"]);
});

test("a step that is not there is refused", () => {
  expect(() => lab().until("certz")).toThrow('no step "certz"');
});
