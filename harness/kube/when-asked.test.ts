import { expect, test } from "vitest";
import { LabBroken } from "../model/errors.ts";
import type { Kube } from "../model/kube.ts";
import { whenAsked } from "./when-asked.ts";

test("an API is connected to when it is first asked, and once", async () => {
  let connections = 0;
  const kube = whenAsked(async () => {
    connections++;
    return { kubeconfig: "of the admin", raw: async (path: string) => `asked ${path}` } as Kube;
  });
  expect(() => kube.kubeconfig).toThrow("was not asked yet");
  expect(connections).toBe(0);
  expect(await Promise.all([kube.raw("/readyz"), kube.raw("/livez")])).toEqual(["asked /readyz", "asked /livez"]);
  expect(kube.kubeconfig).toBe("of the admin");
  expect(connections).toBe(1);
});

test("an API that is not there yet is tried again by the next question", async () => {
  let there = false;
  const kube = whenAsked(async () => {
    if (!there) throw new LabBroken("there is no API yet");
    return { raw: async (_path: string) => "ok" } as Kube;
  });
  await expect(kube.raw("/readyz")).rejects.toThrow("there is no API yet");
  there = true;
  expect(await kube.raw("/readyz")).toBe("ok");
});
