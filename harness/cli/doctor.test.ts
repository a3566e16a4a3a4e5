import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { LabBroken } from "../model/errors.ts";
import { type Printed, printed } from "../vitest/printed.ts";
import { doctor } from "./doctor.ts";

const { engine, survey } = vi.hoisted(() => ({ engine: vi.fn(), survey: vi.fn() }));
vi.mock("../machines/container/engine.ts", async (original) => ({ ...(await original<object>()), engine }));
vi.mock("../machines/container/backend.ts", () => ({ containerBackend: () => ({ survey }) }));

let said: Printed;
beforeEach(() => {
  said = printed();
});
afterEach(() => {
  vi.restoreAllMocks();
});

test("where no engine answers, the rest is told all the same", async () => {
  engine.mockRejectedValue(new LabBroken("no container engine answers", { look: "run ./bootstrap" }));
  expect(await doctor()).toBe(2);
  expect(said.out).toMatch(
    /✗ engine +no container engine answers\n +look: +run \.\/bootstrap\n(?:.*\n)*For building\n(?:.*\n)*Disk\n/,
  );
});

test("where what features are tried with cannot be made, what is missing for that is told too", async () => {
  const info = async () => ({ Driver: "overlay2", DockerRootDir: "/var/lib/docker" });
  engine.mockResolvedValue({ docker: { info }, version: "29", kernel: "6.1", cgroup: 2, arch: "amd64" });
  survey.mockRejectedValue(new LabBroken("mmdebstrap cannot be started"));
  expect(await doctor()).toBe(2);
  expect(said.out).toMatch(
    /✓ engine .*\n +✗ features +mmdebstrap cannot be started\n(?:.*\n)*For building\n(?:.*\n)*Disk\n/,
  );
});
