import { defineConfig } from "vitest/config";

const minute = 60_000;

/** Which scenarios run: a scenario named on the command line runs whatever its tier. */
const named = process.argv.some((argument) => argument.replace(/^\.\//, "").startsWith("scenarios/"));
const tier = named ? "all" : (process.env.HARDWAY_TIER ?? "core");

export default defineConfig({
  test: {
    reporters: [
      "default",
      "junit",
      "./harness/vitest/unsupported.ts",
      ["./reports/allure/reporter.ts", { resultsDir: "reports/runs/allure-results" }],
    ],
    outputFile: { junit: "reports/runs/junit.xml" },
    projects: [
      {
        test: {
          name: "unit",
          include: ["*.test.ts", "{harness,fixtures,reports,lint}/**/*.test.ts", "scenarios/**/*.unit.test.ts"],
          exclude: ["**/*.live.test.ts", "reports/runs/**", "**/node_modules/**"],
          // Most of their time they wait, so two cores have room for more than vitest's one.
          maxWorkers: 3,
          // They are quick, but a lab on the same computer makes them slow.
          testTimeout: 30_000,
        },
      },
      {
        test: {
          name: "live",
          include: ["{harness,fixtures,scenarios}/**/*.live.test.ts"],
          fileParallelism: false,
          testTimeout: 5 * minute,
          hookTimeout: 60 * minute,
        },
      },
      {
        test: {
          name: "scenarios",
          include: ["scenarios/**/*.test.ts"],
          exclude: ["**/*.live.test.ts", "**/*.unit.test.ts"],
          setupFiles: ["./reports/allure/setup.ts", "./reports/html/setup.ts"],
          env: { HARDWAY_TIER: tier },
          pool: "forks",
          // So that Ctrl-C lowers a lab: vitest by itself kills its workers.
          globalSetup: "harness/vitest/interrupt.ts",
          // A lab takes the whole machine; unit tests are through before the first one rises.
          fileParallelism: false,
          sequence: { groupOrder: 1 },
          retry: 0,
          // Every wait inside a claim has its own name and budget. This one only catches a wait that forgot its own.
          testTimeout: 15 * minute,
          // The hook that raises a lab builds every program from source when nothing is cached.
          hookTimeout: 90 * minute,
        },
      },
    ],
  },
});
