import { scenario } from "#harness/vitest/scenario";
import { claims } from "./claims.ts";
import { variants } from "./scenario.ts";

scenario(variants.bird, claims(variants.bird));
