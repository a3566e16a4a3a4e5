import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { describe, expect, test, vi } from "vitest";
import { LabBroken } from "../model/errors.ts";
import { host, whereIs } from "./command.ts";

/** Whether a process runs; a zombie, which waits for process 1 to reap it, does not. */
const runs = (pid: number) => {
  const { stdout } = spawnSync("ps", ["-o", "stat=", "-p", String(pid)], { encoding: "utf8" });
  return stdout.trim() !== "" && !stdout.startsWith("Z");
};

describe("a command on this computer", () => {
  test("is run without a shell's expansions", async () => {
    const result = await host(["printf", "%s|", "$HOME", "a b", "*", "'", ""]);
    expect(result).toMatchObject({ exitCode: 0, stdout: "$HOME|a b|*|'||", stderr: "" });
  });

  test("gets input, environment and folder", async () => {
    const { stdout } = await host(["sh", "-c", "cat; echo $A; pwd"], {
      input: "in ",
      env: { ...process.env, A: "1" },
      cwd: "/",
    });
    expect(stdout).toBe("in 1\n/\n");
  });

  test("tells lines of standard error as they come", async () => {
    const lines: string[] = [];
    await host(["sh", "-c", "echo one >&2; echo two >&2"], { onLine: (line) => lines.push(line) });
    expect(lines).toEqual(["one", "two"]);
  });

  test("that fails is a broken lab, with its last words", async () => {
    const failing = host(["sh", "-c", "echo no such luck >&2; exit 3"]);
    await expect(failing).rejects.toThrow(LabBroken);
    await expect(failing).rejects.toThrow(/ended with exit code 3\n.*seen: +no such luck/);
    expect((await host(["sh", "-c", "exit 3"], { ok: [0, 3] })).exitCode).toBe(3);
    expect((await host(["no-such-program"], { ok: "any" })).exitCode).toBe(127);
  });

  test("is ended with all that it started when time is over", async () => {
    const pids: number[] = [];
    const late = host(["sh", "-c", "trap '' TERM; sleep 60 & echo $! >&2; echo $$ >&2; wait; sleep 60"], {
      within: "300ms",
      onLine: (line) => pids.push(Number(line)),
    });
    await expect(late).rejects.toThrow(/was not done within 300ms and was ended/);
    await vi.waitFor(() => expect(pids.map(runs)).toEqual([false, false]));
  });

  test("is ended with all that it started when the run is interrupted", async () => {
    const pids: number[] = [];
    const controller = new AbortController();
    const why = new Error("Ctrl-C");
    const running = host(["sh", "-c", "sleep 60 & echo $! >&2; echo $$ >&2; wait"], {
      signal: controller.signal,
      onLine: (line) => pids.push(Number(line)) === 2 && controller.abort(why),
    });
    await expect(running).rejects.toBe(why);
    await vi.waitFor(() => expect(pids.map(runs)).toEqual([false, false]));
    await expect(host(["true"], { signal: controller.signal })).rejects.toBe(why);
  });

  test.runIf(process.platform === "linux")("ends when this process is killed", async () => {
    const script = `
      import { host } from ${JSON.stringify(new URL("./command.ts", import.meta.url).href)};
      await host(["sh", "-c", "echo $$ >&2; exec sleep 60"], { onLine: (line) => console.log(line) });`;
    const parent = spawn(process.execPath, ["--input-type=module", "-e", script], {
      stdio: ["ignore", "pipe", "inherit"],
    });
    const [line] = await once(parent.stdout, "data");
    expect(runs(Number(line))).toBe(true);
    parent.kill("SIGKILL");
    await once(parent, "exit");
    await vi.waitFor(() => expect(runs(Number(line))).toBe(false));
  });

  test("is found on the PATH", async () => {
    expect(await whereIs("sh")).toMatch(/\/sh$/);
    expect(await whereIs("no-such-program")).toBeUndefined();
    expect(await whereIs("sh", { PATH: "/nowhere" })).toBeUndefined();
  });
});
