import { nodeEncryptionClaims, nodesEncrypt } from "#fixtures/claims/node-encryption";
import { nodeEncryptionBreakages } from "#fixtures/claims/node-encryption.red";
import { reddened } from "#harness/vitest/reddened";
import { variants } from "./scenario.ts";
import { systems } from "./system.ts";

reddened(variants.wireguard, (claim) => nodeEncryptionClaims(claim, systems.wireguard), {
  sound: (it) => nodesEncrypt(it, systems.wireguard),
  breakages: nodeEncryptionBreakages(systems.wireguard),
});
