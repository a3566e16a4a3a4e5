import { scenario } from "#harness/vitest/scenario";
import { headClaims } from "./claims.ts";
import { variants } from "./scenario.ts";

scenario(variants.head, headClaims);
