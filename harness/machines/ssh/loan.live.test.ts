import { afterAll, beforeAll, beforeEach, expect, test, vi } from "vitest";
import type { Shell } from "#harness/model/machines";
import { removeContainer, startContainer } from "../container/lab-container.ts";
import { runLabels } from "../container/labels.ts";
import { shellIn } from "../container/shell.ts";
import { toolsImage } from "../container/tools-image.ts";
import { giveBack, mark, marksOn, putOnLoan, unmark, writeDown, writeUndo } from "./loan.ts";
import { stranger } from "./testdata/stranger.ts";

vi.setConfig({ testTimeout: 60_000, hookTimeout: 300_000 });

const run = "20261121-000000-loan-test";
let container: Awaited<ReturnType<typeof startContainer>>;
let sh: Shell;
const said = async (line: string) => (await sh(line, { ok: "any" })).stdout;

beforeAll(async () => {
  container = await startContainer(await toolsImage(stranger), {
    Entrypoint: ["/bin/sleep", "infinity"],
    Labels: runLabels("probe", `loan-${process.pid}`),
    HostConfig: { Init: true },
  });
  sh = shellIn(container, "stranger", { write: () => undefined });
});
afterAll(async () => {
  if (container) await removeContainer(container);
});
beforeEach(async () => {
  await mark(sh, run);
  await writeDown(sh, run);
});

test("files that were replaced are put back, and those that were made are gone with their folders", async () => {
  const had = await said("stat -c '%a %U %Y' /etc/issue; cat /etc/issue");
  await putOnLoan(sh, run, { "/etc/issue": "ours\n", "/etc/ours/below/file": "ours\n", "/opt/ours": "ours\n" });
  await putOnLoan(sh, run, { "/etc/issue": { content: "ours again\n", mode: 0o600 }, "/etc/ours/other": "ours\n" });
  await sh("echo found > /etc/ours/found");
  expect(await said("cat /etc/issue /opt/ours")).toBe("ours again\nours\n");
  expect(await giveBack(sh, run)).toEqual([]);
  expect(await said("stat -c '%a %U %Y' /etc/issue; cat /etc/issue")).toBe(had);
  expect(await said("ls -d /etc/ours /opt/ours /var/lib/hardway 2>/dev/null")).toBe("");
});

test("what was to be done is done, the last first; what cannot be is named", async () => {
  await writeUndo(sh, run, "the first thing", "echo first >> /tmp/undone");
  await writeUndo(sh, run, "the second thing", "echo it is stuck >&2; exit 3");
  await writeUndo(sh, run, "the third thing", "echo third >> /tmp/undone");
  expect(await giveBack(sh, run)).toEqual(["not undone: the second thing: exit code 3: it is stuck "]);
  expect(await said("cat /tmp/undone; rm /tmp/undone")).toBe("third\nfirst\n");
});

test("what is otherwise than before is named, also what went away", async () => {
  await sh("mv /etc/debian_version /etc/strange_version; mkdir -p /var/lib/left");
  const [gone, ...made] = (await giveBack(sh, run)).sort();
  expect(gone).toMatch(/^gone: file \/etc\/debian_version [0-9a-f]{64}$/);
  expect(made).toEqual([expect.stringMatching(/^new: file \/etc\/strange_version /), "new: path /var/lib/left"]);
  await sh("mv /etc/strange_version /etc/debian_version; rmdir /var/lib/left");
});

test("commands of the lab that still run are ended, and no others", async () => {
  await sh("HARDWAY_EXEC= setsid sleep 1111 >/dev/null 2>&1 & env -u HARDWAY_EXEC setsid sleep 2222 >/dev/null 2>&1 &");
  await sh("setsid sleep 3333 >/dev/null 2>&1 &");
  expect(await said("pgrep -af sleep.[0-9]+ | cut -d' ' -f2- | sort")).toBe("sleep 1111\nsleep 2222\nsleep 3333\n");
  await giveBack(sh, run);
  expect(await said("pgrep -af sleep.[0-9]+ | cut -d' ' -f2-")).toBe("sleep 2222\n");
  await sh("pkill -x -f 'sleep 2222'");
});

test("a machine that was given back has nothing to give, and nobody's mark", async () => {
  expect(await marksOn(sh)).toEqual([{ run, state: "up" }]);
  await giveBack(sh, run);
  expect(await marksOn(sh)).toEqual([]);
  expect(await giveBack(sh, run)).toEqual([]);
  await mark(sh, run);
  await unmark(sh, run);
  expect(await said("ls -d /var/lib/hardway 2>/dev/null")).toBe("");
});
