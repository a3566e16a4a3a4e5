import type { RootFs } from "#harness/model/images";

/** A machine with Debian's sshd, as it is set up there, but for the login of root. */
export const stranger: RootFs = {
  name: "sshd",
  suite: "bookworm",
  packages: ["openssh-server", "sudo", "procps", "perl-base"],
  programs: {},
  files: {},
  disable: [],
  enable: [],
};
