import { scenario } from "#harness/vitest/scenario";
import { calicoClaims } from "./claims.ts";
import calicoCrossSubnet from "./scenario.ts";
import { systems } from "./system.ts";

scenario(calicoCrossSubnet, calicoClaims(systems.ipip));
