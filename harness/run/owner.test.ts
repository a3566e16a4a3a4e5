import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { afterEach, expect, test, vi } from "vitest";
import { livenessOf, ownerText, parseOwner, thisOwner } from "./owner.ts";

const me = thisOwner();

afterEach(() => {
  vi.restoreAllMocks();
});

test("an owner is read back from its label", () => {
  expect(parseOwner(ownerText(me))).toEqual(me);
  expect(ownerText(me)).toMatch(/^\d+@[0-9a-f-]{36}\/\d+\//);
  const { records: _, ...before } = me;
  expect(parseOwner(ownerText(before))).toEqual(before);
  for (const text of ["", "4711", "x@boot/1/ns/host", "4711@boot/1/ns/"]) expect(parseOwner(text)).toBeUndefined();
});

test("this process is alive, and one of the same number that started at another time is not it", () => {
  expect(livenessOf(me)).toBe("alive");
  expect(livenessOf({ ...me, start: String(Number(me.start) - 1) })).toBe("dead");
});

test("a process that has ended is dead, a killed one that nobody has buried too", async () => {
  const ended = spawnSync("true");
  expect(livenessOf({ ...me, pid: ended.pid })).toBe("dead");
  // The shell becomes a sleep, which never buries its child.
  const parent = spawn("sh", ["-c", "sleep 60 & echo $!; exec sleep 60"], { stdio: ["ignore", "pipe", "ignore"] });
  try {
    const [data] = (await once(parent.stdout, "data")) as [Buffer];
    const pid = Number(data.toString());
    const start = readFileSync(`/proc/${pid}/stat`, "utf8").split(") ")[1]?.split(" ")[19] ?? "";
    expect(livenessOf({ ...me, pid, start })).toBe("alive");
    process.kill(pid, "SIGKILL");
    await expect.poll(() => livenessOf({ ...me, pid, start })).toBe("dead");
    expect(readFileSync(`/proc/${pid}/stat`, "utf8")).toContain(") Z ");
  } finally {
    parent.kill("SIGKILL");
  }
});

test("what ran before this computer's last start is dead; what cannot be seen from here is left alone", () => {
  expect(livenessOf({ ...me, boot: "another" })).toBe("dead");
  expect(livenessOf({ ...me, host: "another" })).toBe("elsewhere");
  expect(livenessOf({ ...me, host: "another", boot: "another" })).toBe("elsewhere");
  expect(livenessOf({ ...me, namespace: "pid:[1]" })).toBe("elsewhere");
});

test("a stranger's process of which nothing is shown is left alone", () => {
  const hidden = spawnSync("true").pid;
  vi.spyOn(process, "kill").mockImplementation(() => {
    throw Object.assign(new Error("kill EPERM"), { code: "EPERM" });
  });
  expect(livenessOf({ ...me, pid: hidden })).toBe("elsewhere");
});
