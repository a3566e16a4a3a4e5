import ssh2 from "ssh2";
import { afterEach, expect, test, vi } from "vitest";
import { newKeyPair } from "./keys.ts";

const { utils } = ssh2;
afterEach(() => {
  vi.restoreAllMocks();
});

/** A pair as ssh2 makes one in 256. */
function cutShort() {
  for (;;) {
    const pair = utils.generateKeyPairSync("ed25519");
    if (utils.parseKey(pair.private) instanceof Error) return pair;
  }
}

test("a pair that no sshd can read is given to nobody", () => {
  const unreadable = cutShort();
  vi.spyOn(utils, "generateKeyPairSync").mockReturnValueOnce(unreadable);
  const pair = newKeyPair();
  expect(pair).not.toEqual(unreadable);
  expect(utils.parseKey(pair.private)).not.toBeInstanceOf(Error);
  expect(utils.parseKey(pair.public)).not.toBeInstanceOf(Error);
});
