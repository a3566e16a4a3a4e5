import { expect, test } from "vitest";
import type { ImageSet, RootFs } from "#harness/model/images";
import { guestImages } from "./guest-images.ts";
import { qemu } from "./qemu.ts";
import { userModeLinux } from "./uml.ts";

const root = (name: string, packages: string[]): RootFs => ({
  ...{ name, suite: "bookworm", packages, programs: {}, files: { "/etc/own": "own" }, disable: [], enable: [] },
});
const set: ImageSet = {
  name: "set",
  machine: root("machine", ["systemd"]),
  pods: [
    { ref: "proxy", base: root("pod", ["iptables"]), programs: {}, files: { "/a": "a" }, entrypoint: [] },
    { ref: "bare", programs: {}, entrypoint: [] },
  ],
};

test("guests are entered by ssh, and who filters packets calls what their kernel has", () => {
  const guest = guestImages(set, userModeLinux);
  expect(guest.machine.packages).toEqual(["systemd", "openssh-server"]);
  expect(guest.machine.files).toMatchObject({ "/etc/own": "own", "/usr/lib/hardway/init": { mode: 0o755 } });
  const [proxy, bare] = guest.pods;
  expect(proxy?.files).toMatchObject({
    "/a": "a",
    "/usr/local/sbin/iptables-restore": {
      content: '#!/bin/sh\nexec /usr/sbin/iptables-legacy-restore "$@"\n',
      mode: 0o755,
    },
  });
  expect(bare).toBe(set.pods[1]);
});

test("Debian's kernel filters packets as the machine's own programs do", () => {
  const guest = guestImages(set, qemu("tcg"));
  expect(Object.keys(guest.machine.files)).toEqual(["/etc/own", "/etc/ssh/sshd_config", "/usr/lib/hardway/init"]);
  expect(guest.pods[0]?.files).toEqual({ "/a": "a" });
});
