import { calicoBgpClaims } from "#fixtures/claims/calico-bgp";
import { calicoBgpBreakages, calicoBgpSound } from "#fixtures/claims/calico-bgp.red";
import { reddened } from "#harness/vitest/reddened";
import { variants } from "./scenario.ts";
import { systems } from "./system.ts";

reddened(variants.bgp, (claim, given) => calicoBgpClaims(claim, given, systems.bgp), {
  sound: (it) => calicoBgpSound(it, systems.bgp),
  breakages: calicoBgpBreakages(systems.bgp),
});
