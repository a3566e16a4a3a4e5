import { scenario } from "#harness/vitest/scenario";
import { policedClaims } from "./claims.ts";
import calicoCrossSubnet from "./scenario.ts";
import { systems } from "./system.ts";

scenario(calicoCrossSubnet, policedClaims(systems.ipip));
