import { scenario } from "#harness/vitest/scenario";
import { interruptedClaims } from "./claims.ts";
import { variants } from "./scenario.ts";

scenario(variants.interrupted, interruptedClaims);
