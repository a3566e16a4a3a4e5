import { expect, test, vi } from "vitest";
import { LabBroken, Misdeclared } from "#harness/model/errors";
import { choose, chooseEmulator } from "./choice.ts";

const { engine, toolsImage, survey } = vi.hoisted(() => ({ engine: vi.fn(), toolsImage: vi.fn(), survey: vi.fn() }));
vi.mock("../container/engine.ts", () => ({ engine }));
vi.mock("../container/tools-image.ts", () => ({ toolsImage }));
vi.mock("../container/helper.ts", () => ({ runHelper: async () => undefined }));
vi.mock("./survey.ts", () => ({ survey }));

const works = async () => undefined;
const broken = async () => "its processors show neither VT-x nor AMD-V";
const chosen = async (...how: Parameters<typeof choose>) => (await choose(...how)).emulator.name;

test("QEMU where KVM works, else User-mode Linux", async () => {
  expect(await chosen(undefined, works)).toBe("qemu-kvm");
  expect(await choose(undefined, broken)).toMatchObject({
    emulator: { name: "uml" },
    because: "KVM does not work here: its processors show neither VT-x nor AMD-V",
  });
});

test("what HARDWAY_VM says counts", async () => {
  expect(await chosen("uml", works)).toBe("uml");
  expect(await chosen("qemu", works)).toBe("qemu-kvm");
  expect(await chosen("qemu", broken)).toBe("qemu-tcg");
  const refused = await choose("bochs", works).catch((error) => error);
  expect(refused).toBeInstanceOf(Misdeclared);
  expect(refused.message).toContain('"bochs" is no emulator: uml or qemu');
});

test("where there is no hull for the engine's processors, none is made to ask for KVM", async () => {
  engine.mockResolvedValueOnce({ arch: "arm64" });
  toolsImage.mockRejectedValueOnce(new LabBroken("mmdebstrap: Unable to locate package user-mode-linux"));
  expect(await chooseEmulator(undefined, "")).toMatchObject({
    emulator: { name: "uml" },
    because: "KVM does not work here: VMs are for amd64 here, and this is arm64",
  });
  toolsImage.mockReset();
});

test("a KVM that hands out a VM whose guest hangs does not work", async () => {
  engine.mockResolvedValueOnce({ arch: "amd64" });
  survey.mockRejectedValueOnce(new LabBroken("the guest took longer than 40s", { seen: "Booting from ROM.." }));
  expect(await chooseEmulator(undefined, "qemu")).toMatchObject({
    emulator: { name: "qemu-tcg" },
    because: "KVM does not work here: Booting from ROM..",
  });
});
