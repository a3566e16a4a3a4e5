import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { type Printed, printed } from "../vitest/printed.ts";
import { main } from "./main.ts";

let said: Printed;
beforeEach(() => {
  said = printed();
  vi.stubEnv("HARDWAY_KUBESPRAY", "");
});
afterEach(() => {
  vi.restoreAllMocks();
  vi.unstubAllEnvs();
});

test("a path that is none of Kubespray's is misdeclared, with how one is written", async () => {
  expect(await main(["preflight", "kubeadm:1.34.4..1.35.4"])).toBe(2);
  expect(said.err).toContain("it is none of Kubespray's: write kubespray:v2.30.0..v2.31.0");
});

test("without a Kubespray it is unsupported, with how to give one", async () => {
  expect(await main(["preflight", "kubespray:v2.30.0..v2.31.0"])).toBe(3);
  expect(said.err).toContain("HARDWAY_KUBESPRAY=");
});
