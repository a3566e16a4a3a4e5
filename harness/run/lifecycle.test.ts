import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test, vi } from "vitest";
import { silentProgress } from "#harness/host/progress";
import { Unsupported } from "#harness/model/errors";
import type { Feature, FeatureReport } from "#harness/model/features";
import type { MachineBackend, RaisedLab } from "#harness/model/machines";
import type { Progress } from "#harness/model/progress";
import { scenario } from "#harness/topology/testdata/metallb-bgp";
import { ending, raiseLab } from "./lifecycle.ts";

/** Raises nothing, and writes down what it was asked for. */
function backendWith(...reports: FeatureReport[]): MachineBackend & { readonly asked: string[] } {
  const asked: string[] = [];
  const never = (what: string) => async (): Promise<never> => {
    asked.push(what);
    throw new Error("not part of this test");
  };
  return {
    asked,
    name: "container",
    survey: async () => {
      asked.push("survey");
      return new Map<Feature, FeatureReport>(reports.map((report) => [report.feature, report]));
    },
    sweep: async () => {
      asked.push("sweep");
      return [];
    },
    prepare: never("prepare"),
    raise: never("raise"),
    leftovers: never("leftovers"),
  };
}

const present = (feature: Feature): FeatureReport => ({ feature, present: true, how: "" });
const ipip: FeatureReport = {
  feature: "ipip",
  present: false,
  how: "ip link add t0 type ipip local 127.0.0.1 remote 127.0.0.2 && ip link set t0 up",
  seen: "Error: Unknown device type.",
};

test("a host that lacks features is unsupported: each is named, with how it was tried and what was seen; nothing is raised", async () => {
  const backend = backendWith(present("vxlan"), ipip);
  const raising = raiseLab(scenario({ needs: ["vxlan", "ipip", "netem"] }), {
    progress: silentProgress,
    backends: [["container", backend]],
  });
  await expect(raising).rejects.toMatchObject({ name: "Unsupported", features: ["ipip", "netem"] });
  await expect(raising.catch((error) => `${error.message}\n`)).resolves.toMatchFileSnapshot("testdata/unsupported.txt");
  expect(backend.asked).toEqual(["sweep", "survey"]);
});

test("machines that exist already are kept from a provisioner that does not say how its cluster goes again", async () => {
  const backend = { ...backendWith(present("vxlan")), name: "ssh" } as const;
  const { cluster, ...rest } = scenario({ needs: ["vxlan"] });
  const raisedBy = (leaves: { readonly leavesMachines?: true }) =>
    raiseLab(
      { ...rest, cluster: { ...cluster, provisioner: { ...cluster.provisioner, ...leaves } } },
      { progress: silentProgress, backends: [["vm", backend]] },
    );
  await expect(raisedBy({})).rejects.toMatchObject({
    name: "Unsupported",
    message: expect.stringContaining("this provisioner, kubeadm, does not say how its cluster goes from machines"),
  });
  expect(backend.asked).toEqual(["sweep"]);
  await expect(raisedBy({ leavesMachines: true })).rejects.toThrow("not part of this test");
  expect(backend.asked).toEqual(["sweep", "sweep", "survey", "prepare"]);
});

test("a host that has them goes on to prepare", async () => {
  const backend = backendWith(present("vxlan"));
  await expect(
    raiseLab(scenario({ needs: ["vxlan"] }), { progress: silentProgress, backends: [["container", backend]] }),
  ).rejects.toThrow();
  expect(backend.asked).toEqual(["sweep", "survey", "prepare"]);
});

test("what a sweep found is said: of machines that exist already, what is otherwise on them than before", async () => {
  const backend = { ...backendWith(present("vxlan")), sweep: async () => ["worker-1: new: path /opt/left"] };
  const said: string[] = [];
  const progress: Progress = {
    begin(what) {
      said.push(what);
      return silentProgress.begin(what);
    },
  };
  await expect(
    raiseLab(scenario({ needs: ["vxlan"] }), { progress, backends: [["container", backend]] }),
  ).rejects.toThrow("not part of this test");
  expect(said).toEqual(["worker-1: new: path /opt/left"]);
});

test("a scenario with mistakes asks nobody for anything", async () => {
  const backend = backendWith();
  const mistaken = scenario({ id: "Metal LB" }, { podCidr: "172.17.0.0/16" });
  const error = await raiseLab(mistaken, { progress: silentProgress, backends: [["container", backend]] }).catch(
    (error) => error,
  );
  expect(error.name).toBe("Misdeclared");
  expect(error.problems.length).toBeGreaterThan(1);
  expect(backend.asked).toEqual([]);
});

test("an interrupted run never conforms and is never kept, however it went until then", () => {
  const interrupted = AbortSignal.abort("SIGINT");
  const because = "interrupted by SIGINT";
  expect(ending({ outcome: "conforms", keep: true }, interrupted)).toEqual({ outcome: "broken", because, keep: false });
  expect(ending({ outcome: "violates" }, interrupted)).toEqual({ outcome: "violates", because, keep: false });
  const { signal } = new AbortController();
  expect(ending({ outcome: "conforms", keep: true }, signal)).toEqual({ outcome: "conforms", keep: true });
});

test("what containers lack VMs may have; where neither has it, both reasons are told; who forces one kind hears of that alone", async () => {
  const containers = backendWith(ipip);
  const vms = { ...backendWith(present("ipip")), name: "vm" } as const;
  const poor = { ...backendWith({ ...ipip, seen: "no user-mode-linux" }), name: "vm" } as const;
  const raised = async (second: MachineBackend, machines?: "container" | "vm") =>
    raiseLab(scenario({ needs: ["ipip"] }), {
      progress: silentProgress,
      backends: [
        ["container", containers],
        ["vm", second],
      ],
      ...(machines && { machines }),
    }).catch((error) => error.message);
  await raised(vms);
  expect(vms.asked).toEqual(["sweep", "survey", "prepare"]);
  expect(containers.asked).not.toContain("prepare");
  expect(await raised(poor)).toMatch(
    /this host lacks ipip; the kernel of VM machines lacks ipip.*container: ipip.*vm: ipip: .*: no user-mode-linux/s,
  );
  expect(await raised(vms, "container")).not.toMatch(/VM/);
});

test("a lab that cannot be kept, as where the disk is full, is taken down", async () => {
  const home = mkdtempSync(join(tmpdir(), "hardway-lifecycle-"));
  vi.stubEnv("HARDWAY_RUNS", home);
  vi.stubEnv("XDG_STATE_HOME", home);
  let removed = false;
  const doing = async () => ({ stdout: "" });
  const capture = async () => {
    throw new Unsupported("no segment can be captured", ["fabric"]);
  };
  const backend = {
    ...backendWith(present("vxlan")),
    prepare: async () => ({ artifacts: [] }),
    raise: async ({ nodes }: Parameters<MachineBackend["raise"]>[0]) => ({
      machines: new Map(
        nodes.map((node) => [
          node.name,
          { name: node.name, node, sh: doing, put: doing, cutPower: doing, restorePower: doing },
        ]),
      ),
      fabric: { capture },
      [Symbol.asyncDispose]: async () => {
        removed = true;
      },
    }),
  } as unknown as MachineBackend & { raise(): Promise<RaisedLab> };
  const { cluster, ...rest } = scenario({ needs: ["vxlan"], always: [] });
  const lab = await raiseLab(
    { ...rest, cluster: { ...cluster, builtBy: "claims" } },
    { progress: silentProgress, backends: [["container", backend]] },
  );
  await expect(lab.lower({ outcome: "conforms", keep: true })).rejects.toThrow(
    "could not be kept, so it was taken down",
  );
  expect(removed).toBe(true);
  vi.unstubAllEnvs();
  rmSync(home, { recursive: true });
});
