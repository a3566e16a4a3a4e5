import { scenario } from "#harness/vitest/scenario";
import { calicoClaims } from "./claims.ts";
import { variants } from "./scenario.ts";
import { systems } from "./system.ts";

scenario(variants.vxlan, calicoClaims(systems.vxlan));
