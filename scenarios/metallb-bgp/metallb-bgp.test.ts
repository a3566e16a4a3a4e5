import { scenario } from "#harness/vitest/scenario";
import { claims } from "./claims.ts";
import metallbBgp from "./scenario.ts";

scenario(metallbBgp, claims(metallbBgp));
