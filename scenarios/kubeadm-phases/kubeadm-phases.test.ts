import { scenario } from "#harness/vitest/scenario";
import { claims } from "./claims.ts";
import phases from "./scenario.ts";

scenario(phases, claims);
