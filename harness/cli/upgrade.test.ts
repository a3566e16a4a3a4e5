import { expect, test } from "vitest";
import { pathOf } from "./upgrade.ts";

test("what a path's lab or its provisioner cannot do is told before a machine is raised", async () => {
  const problemsOf = async (text: string) => (await pathOf(text)).problems;
  expect(await problemsOf("kubeadm:1.34.4..1.35.4")).toEqual([]);
  expect(await problemsOf("kubeadm:1.34.4..1.35.4,kubelet.v=4")).toEqual([
    "hop 1: kubeadm gives kubelet no flags in it; it gives them to etcd, kubeadm",
  ]);
  expect(await problemsOf("by-hand:1.34.4..1.35.4,surge=k8s-node-04")).toEqual([
    "by hand no spare machine joins first (surge k8s-node-04): say how many workers are done at once",
  ]);
});
