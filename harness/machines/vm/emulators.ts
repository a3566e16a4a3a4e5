import type { Emulator } from "./emulator.ts";
import { qemu } from "./qemu.ts";
import { userModeLinux } from "./uml.ts";

export const emulators: readonly Emulator[] = [userModeLinux, qemu("kvm"), qemu("tcg")];

export const emulatorNamed = (wanted: string | undefined): Emulator | undefined =>
  emulators.find(({ name }) => name === wanted);
