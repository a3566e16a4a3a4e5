import { nodeEncryptionClaims } from "#fixtures/claims/node-encryption";
import { scenario } from "#harness/vitest/scenario";
import { variants } from "./scenario.ts";
import { encrypted } from "./system.ts";

scenario(variants.wireguard, (claim) => nodeEncryptionClaims(claim, encrypted));
