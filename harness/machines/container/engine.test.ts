import { expect, test } from "vitest";
import { refuseAnother } from "./engine.ts";

const socket = { socketPath: "/var/run/docker.sock" };

test.each([
  [undefined, socket],
  ["", socket],
  ["unix:///var/run/docker.sock", socket],
  ["tcp://10.0.0.7:2375", { host: "10.0.0.7" }],
])("DOCKER_HOST %s is the engine that was found", (wanted, found) => {
  expect(() => refuseAnother(wanted, found)).not.toThrow();
});

test.each([
  ["unix:///run/podman/podman.sock", socket],
  ["tcp://10.0.0.7:2375", socket],
  ["tcp://10.0.0.7:2375", { host: "10.0.0.8" }],
])("DOCKER_HOST %s is not silently replaced by another engine", (wanted, found) => {
  expect(() => refuseAnother(wanted, found)).toThrow(
    expect.objectContaining({
      name: "LabBroken",
      message: expect.stringContaining(`no container engine answers at ${wanted}`),
    }),
  );
});
