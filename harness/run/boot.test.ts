import { expect, test } from "vitest";
import type { Machine } from "#harness/model/machines";
import type { Software } from "#harness/model/software";
import type { ResolvedTopology } from "#harness/model/topology";
import { start } from "./boot.ts";

const software: Software = {
  title: "BIRD 2",
  needs: [],
  files: () => ({ "/etc/bird.conf": "" }),
  units: ["bird"],
  tables: [],
};

/** What a machine was told, in order. */
async function told(stays: boolean): Promise<string[]> {
  const lines: string[] = [];
  const machine = {
    sh: async (line: string) => {
      lines.push(line);
      return { stdout: line.startsWith("for unit in bird;") ? "systemctl stop bird\n" : "" };
    },
    put: async (files: object) => void lines.push(`put ${Object.keys(files)}`),
    ...(stays && { whenReturned: async (what: string, script: string) => void lines.push(`${what}: ${script}`) }),
  } as unknown as Machine;
  await start(software, machine, {} as ResolvedTopology);
  return lines;
}

const starting = ["put /etc/bird.conf", "systemctl daemon-reload", "systemctl enable --now bird"];

test("a machine that stays after the lab is told how a router's daemons end, before they begin", async () => {
  const [, returned, ...rest] = await told(true);
  expect(returned).toBe("BIRD 2: systemctl stop bird\n");
  expect(rest).toEqual(starting);
});

test("of one that goes with the lab nothing is asked", async () => {
  expect(await told(false)).toEqual(starting);
});
