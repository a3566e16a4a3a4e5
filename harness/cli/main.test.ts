import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { ClaimViolated, LabBroken, Misdeclared, Unsupported } from "../model/errors.ts";
import { type Printed, printed } from "../vitest/printed.ts";
import { exitCodeOf } from "./exit.ts";
import { chooseRun, type ListedRun } from "./labs.ts";
import { main, program } from "./main.ts";
import { since, table } from "./print.ts";
import { loadModule, loadScenario, scenarioById } from "./scenarios.ts";

let home: string;
let said: Printed;
beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), "hardway-cli-"));
  vi.stubEnv("XDG_STATE_HOME", home);
  said = printed();
});
afterEach(() => {
  vi.unstubAllEnvs();
  vi.restoreAllMocks();
  rmSync(home, { recursive: true });
});

describe("the command line", () => {
  const names = program(() => undefined).commands.map((command) => command.name());

  test("has every command", () => {
    expect(names).toEqual(
      "up down status shell exec kubectl logs capture ssh-config ssh-proxy list doctor inventory artifacts rejudge upgrade preflight compare bench test".split(
        " ",
      ),
    );
  });

  test.each(names)("%s --help explains itself and ends well", async (name) => {
    expect(await main([name, "--help"])).toBe(0);
    expect(said.all).toContain(`Usage: hardway ${name}`);
  });

  test("help tells the exit codes", async () => {
    expect(await main(["--help"])).toBe(0);
    expect(said.all).toContain("3    unsupported");
  });

  test.each([[["frobnicate"]], [["up"]], [["status", "--nonsense"]], [["test", "--keep", "sometimes"]], [[]]])(
    "%j is a wrong command line",
    async (args) => {
      expect(await main(args)).toBe(2);
      expect(said.all).not.toBe("");
    },
  );

  test("without a lab, entering one says what to do", async () => {
    expect(await main(["exec", "rt-01", "--", "ip", "route"])).toBe(2);
    expect(said.all).toMatch(/^hardway: no lab is up\n +look: +npx hardway up <scenario>\n$/);
  });

  test("status without a lab is fine", async () => {
    expect(await main(["status"])).toBe(0);
    expect(said.all).toBe("no lab is up\n");
  });

  test("a scenario that is not there is told with those that are", async () => {
    expect(await main(["up", "scenarios/nope"])).toBe(2);
    expect(said.all).toMatch(
      /scenarios\/nope is misdeclared:\n +- it holds no scenario.ts\n +look: +there are: scenarios\//,
    );
  });

  test("a command's own options are not taken from it", async () => {
    let seen: unknown;
    const hardway = program(() => undefined);
    hardway.commands
      .find((command) => command.name() === "kubectl")
      ?.action((args, options) => {
        seen = { args, options };
      });
    await hardway.parseAsync(["kubectl", "--run", "x7f2", "get", "nodes", "-o", "wide", "--help"], { from: "user" });
    expect(seen).toEqual({ args: ["get", "nodes", "-o", "wide", "--help"], options: { run: "x7f2" } });
  });
});

test.each([
  [new ClaimViolated("the route is gone", 3, 2), 1],
  [new LabBroken("it did not boot"), 2],
  [new Misdeclared("x", ["y"]), 2],
  [new Unsupported("no ipip", ["ipip"]), 3],
  [new Error("a bug"), 2],
])("%s has the exit code %i", (error, code) => {
  expect(exitCodeOf(error)).toBe(code);
});

describe("choosing a lab", () => {
  const run = (id: string, state: ListedRun["state"]): ListedRun => ({ id, state }) as ListedRun;
  const one = run("20261120-180301-metallb-bgp-x7f2", "kept");
  const dead = run("20261120-170000-metallb-bgp-aaaa", "dead");
  const two = run("20261120-190000-metallb-bgp-b0b0", "up");

  test("the only one needs no name", () => expect(chooseRun(undefined, [dead, one])).toBe(one));
  test("a kept one goes before those that tests use", () => expect(chooseRun(undefined, [one, two])).toBe(one));
  test("the end of an id is enough", () => expect(chooseRun("b0b0", [dead, one, two])).toBe(two));
  test("so is its beginning", () => expect(chooseRun("20261120-17", [dead, one, two])).toBe(dead));
  test("of several one must be named", () =>
    expect(() => chooseRun(undefined, [one, { ...two, state: "kept" }])).toThrow(
      /^several labs are up\n +seen: +\S+x7f2 \(kept\)\n +\S+b0b0 \(kept\)\n +look: +say which: `hardway down <run>`/,
    ));
  test("a name that fits none is told", () => expect(() => chooseRun("zzzz", [one])).toThrow('no run matches "zzzz"'));
});

describe("loading scenarios", () => {
  const write = (text: string) => {
    mkdirSync(join(home, "lab"), { recursive: true });
    writeFileSync(join(home, "lab/scenario.ts"), text);
    return join(home, "lab");
  };

  test("a variant by name, and any by id", async () => {
    const folder = write('export default { id: "lab" };\nexport const variants = { frr: { id: "lab+frr" } };\n');
    expect(await loadScenario(folder)).toEqual({ id: "lab" });
    expect(await loadScenario(folder, "frr")).toEqual({ id: "lab+frr" });
    expect(await loadScenario(`${folder}+frr`)).toEqual({ id: "lab+frr" });
    expect(await scenarioById("lab+frr", home)).toEqual({ id: "lab+frr" });
    await expect(loadScenario(folder, "bird")).rejects.toThrow("variants: frr");
    await expect(scenarioById("lab+bird", home)).rejects.toThrow("no scenario with this id");
  });

  test.each([
    ["export const a = 1;\n", "its default export is no scenario"],
    ["export default {\n", "it cannot be imported"],
    ['import "./missing.ts";\nexport default { id: "lab" };\n', "missing.ts"],
  ])("%j is misdeclared", async (text, why) => {
    const failure = loadModule(write(text));
    await expect(failure).rejects.toThrow(Misdeclared);
    await expect(failure).rejects.toThrow(why);
  });
});

test("a table is as wide as its cells", () => {
  expect(
    table(
      ["run", "state"],
      [
        ["x7f2-long", "up"],
        ["a", "kept"],
      ],
    ),
  ).toBe("run        state\nx7f2-long  up\na          kept");
});

test.each([
  [5_000, "5 s"],
  [600_000, "10 min"],
  [3 * 3_600_000, "3 h"],
  [72 * 3_600_000, "3 d"],
])("%i ms ago is %s", (ago, told) => {
  expect(since(1e12 - ago, 1e12)).toBe(told);
});
