import { expect, test } from "vitest";
import { Misdeclared } from "#harness/model/errors";
import { choose } from "./choice.ts";

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
