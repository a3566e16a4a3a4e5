import { calicoBgpClaims } from "#fixtures/claims/calico-bgp";
import { scenario } from "#harness/vitest/scenario";
import { variants } from "./scenario.ts";
import { systems } from "./system.ts";

scenario(variants.bgp, (claim, given) => calicoBgpClaims(claim, given, systems.bgp));
