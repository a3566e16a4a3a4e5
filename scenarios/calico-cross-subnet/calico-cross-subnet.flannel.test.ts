import { scenario } from "#harness/vitest/scenario";
import { networkClaims } from "./claims.ts";
import { variants } from "./scenario.ts";
import { systems } from "./system.ts";

scenario(variants.flannel, networkClaims(systems.flannel));
