import { expect, test } from "vitest";
import type { Shell } from "#harness/model/machines";
import { setClock } from "./clock.ts";

/** A machine whose clock is ahead by so many milliseconds; it answers at once, or late now and then. */
function machine(ahead: number, late: readonly number[] = [0]) {
  const ran: string[] = [];
  const sh = Object.assign(
    async (line: string) => {
      ran.push(line);
    },
    {
      start: async () => ({
        lines: (async function* () {
          for (const ms of late) {
            const stamp = Date.now() + ahead;
            await new Promise((resolve) => setTimeout(resolve, ms));
            yield String(stamp);
          }
        })(),
        exit: Promise.resolve({ stderr: "date: not found" }),
        [Symbol.asyncDispose]: async () => undefined,
      }),
    },
  );
  return { ran, sh: sh as unknown as Shell };
}

test("a guest's clock is set by its hull's, whatever ours says", async () => {
  const guest = machine(-1600, [300, 0]);
  await setClock(guest.sh, machine(5000).sh);
  const [, behind] = /\+ (\d+)\)\)/.exec(guest.ran.join("\n")) ?? [];
  expect(Number(behind)).toBeGreaterThan(6550);
  expect(Number(behind)).toBeLessThan(6650);
});

test("a clock that is right is left alone, also where the machine answers late", async () => {
  const guest = machine(0, [300, 0, 300]);
  await setClock(guest.sh, machine(20).sh);
  expect(guest.ran).toEqual([]);
});

test("a machine that does not tell the time is told", async () => {
  await expect(setClock(machine(0, []).sh, machine(0).sh)).rejects.toThrow("it does not tell the time");
});
