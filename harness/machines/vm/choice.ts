import { LabBroken, Misdeclared } from "#harness/model/errors";
import type { Progress } from "#harness/model/progress";
import { engine } from "../container/engine.ts";
import { runHelper } from "../container/helper.ts";
import { toolsImage } from "../container/tools-image.ts";
import type { Emulator } from "./emulator.ts";
import { bareHostConfig } from "./hull.ts";
import { qemu } from "./qemu.ts";
import { survey } from "./survey.ts";
import { userModeLinux } from "./uml.ts";

/** The emulator of VMs on this computer, and why it is this one. */
export interface ChosenEmulator {
  readonly emulator: Emulator;
  readonly because: string;
}

const chosen = new Map<string | undefined, Promise<ChosenEmulator>>();

/**
 * What is said, by default in `HARDWAY_VM`: `uml` or `qemu`; if nothing is, QEMU where KVM works, and User-mode Linux where
 * it does not. Kept for the process. Throws `Misdeclared` for any other word.
 */
export function chooseEmulator(progress?: Progress, said = process.env.HARDWAY_VM): Promise<ChosenEmulator> {
  const known = chosen.get(said);
  if (known) return known;
  const choosing = choose(said, (emulator) => kvmProblem(emulator, progress)).catch((error) => {
    chosen.delete(said);
    throw error;
  });
  chosen.set(said, choosing);
  return choosing;
}

/** As `chooseEmulator`; `problemOf` tries KVM for real in a hull of this emulator, and says what is wrong with it. */
export async function choose(
  said: string | undefined,
  problemOf: (hullOf: Emulator) => Promise<string | undefined>,
): Promise<ChosenEmulator> {
  if (said === "uml") return { emulator: userModeLinux, because: "it was asked for" };
  const forced = said === "qemu";
  if (said && !forced) throw new Misdeclared("HARDWAY_VM", [`"${said}" is no emulator: uml or qemu`]);
  const problem = await problemOf(forced ? qemu("tcg") : userModeLinux);
  if (problem === undefined) return { emulator: qemu("kvm"), because: "KVM works here" };
  return { emulator: forced ? qemu("tcg") : userModeLinux, because: `KVM does not work here: ${problem}` };
}

/** The numbers of requests are those of include/uapi/linux/kvm.h; every kernel since 2.6.22 answers 12 to the first. */
const asking = `
[ -e /sys/class/misc/kvm ] || { echo "the engine's kernel has no KVM"; exit 1; }
grep -qwE 'vmx|svm' /proc/cpuinfo || { echo "its processors show neither VT-x nor AMD-V"; exit 1; }
mknod /dev/kvm c 10 232
exec perl -MFcntl -e '
  sysopen(KVM, "/dev/kvm", O_RDWR) or die "/dev/kvm cannot be opened: $!\\n";
  my $version = ioctl(KVM, 0xAE00, 0);
  $version == 12 or die "KVM_GET_API_VERSION says $version\\n";
  defined ioctl(KVM, 0xAE01, 0) or die "KVM_CREATE_VM: $!\\n"'`;

/** Asks KVM for a VM, and boots a guest with it where it gives one: some hand out VMs that run no kernel as it is. */
async function kvmProblem(hullOf: Emulator, progress: Progress | undefined): Promise<string | undefined> {
  const { arch } = await engine();
  if (arch !== "amd64") return `VMs are for amd64 here, and this is ${arch}`;
  const image = await toolsImage(hullOf.hull, progress);
  const asked = runHelper({ what: "asking KVM for a VM", image, script: asking, host: bareHostConfig });
  const refused = await whyBroken(asked.then(() => undefined));
  if (refused !== undefined) return refused;
  const kvm = qemu("kvm");
  await toolsImage(kvm.hull, progress);
  return whyBroken(
    survey(kvm, progress).then((features) => {
      const tried = [...features.values()].filter(({ feature }) => feature !== "power-cut");
      return tried.some(({ present }) => present) ? undefined : (tried[0]?.seen ?? "no guest ran");
    }),
  );
}

/** What a trial returns, or what was seen when it broke: a guest that hangs is one that does not run. */
const whyBroken = <T>(trial: Promise<T>): Promise<T | string> =>
  trial.catch((error) => {
    if (!(error instanceof LabBroken)) throw error;
    return error.particulars.seen || error.message;
  });
