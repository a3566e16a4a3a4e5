import { scenario } from "#harness/vitest/scenario";
import { lossClaims } from "./claims.ts";
import { variants } from "./scenario.ts";

scenario(variants.availability, lossClaims);
