import { scenario } from "#harness/vitest/scenario";
import { claims } from "./claims.ts";
import hardWay from "./scenario.ts";

scenario(hardWay, claims);
