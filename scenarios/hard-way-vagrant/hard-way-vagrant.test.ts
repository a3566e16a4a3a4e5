import { scenario } from "#harness/vitest/scenario";
import { calmClaims } from "./claims.ts";
import hardWay from "./scenario.ts";

scenario(hardWay, calmClaims);
