import { expect, test } from "vitest";
import { capabilitiesIn, capabilityNames, machineHostConfig } from "./profile.ts";

test("a capability set is read as the kernel writes it", () => {
  expect(capabilitiesIn("0000000000000000")).toEqual([]);
  expect(capabilitiesIn("0000000000000001")).toEqual(["CHOWN"]);
  expect(capabilitiesIn("000001ffffffffff")).toEqual(capabilityNames);
  // Docker's default set, as capsh decodes it.
  expect(capabilitiesIn("00000000a80425fb").sort()).toEqual(
    [
      ...["AUDIT_WRITE", "CHOWN", "DAC_OVERRIDE", "FOWNER", "FSETID", "KILL", "MKNOD", "NET_BIND_SERVICE", "NET_RAW"],
      ...["SETFCAP", "SETGID", "SETPCAP", "SETUID", "SYS_CHROOT"],
    ].sort(),
  );
  const withoutResource = capabilityNames.filter((name) => name !== "SYS_RESOURCE");
  expect(capabilitiesIn("000001fffeffffff")).toEqual(withoutResource);
  expect(capabilitiesIn("ffffffffffffffff"), "bits of a newer kernel have no name here").toEqual(capabilityNames);
});

test("privilege is asked for only where it works", () => {
  expect(machineHostConfig({ privileged: true, capabilities: [] })).toMatchObject({ Privileged: true });
  const bounded = machineHostConfig({ privileged: false, capabilities: ["NET_ADMIN"] });
  expect(bounded).toMatchObject({ CapAdd: ["NET_ADMIN"] });
  expect(bounded.Privileged).toBeUndefined();
});
