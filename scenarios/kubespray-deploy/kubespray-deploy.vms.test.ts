import { scenario } from "#harness/vitest/scenario";
import { claimsOnVms } from "./claims.ts";
import { variants } from "./scenario.ts";

scenario(variants.vms, claimsOnVms);
