import { scenario } from "#harness/vitest/scenario";
import { claims } from "./claims.ts";
import declared from "./scenario.ts";

scenario(declared, claims);
