import { scenario } from "#harness/vitest/scenario";
import { againClaims } from "./claims.ts";
import { variants } from "./scenario.ts";

scenario(variants.again, againClaims);
