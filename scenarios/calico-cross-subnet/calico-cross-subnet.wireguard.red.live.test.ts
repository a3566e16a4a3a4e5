import { nodeEncryptionClaims, nodesEncrypt } from "#fixtures/claims/node-encryption";
import { nodeEncryptionBreakages } from "#fixtures/claims/node-encryption.red";
import { reddened } from "#harness/vitest/reddened";
import { variants } from "./scenario.ts";
import { encrypted } from "./system.ts";

reddened(variants.wireguard, (claim) => nodeEncryptionClaims(claim, encrypted), {
  sound: (it) => nodesEncrypt(it, encrypted),
  breakages: nodeEncryptionBreakages(encrypted),
});
