import { availabilityBreakages } from "#fixtures/claims/availability.red";
import { webAppBreakages } from "#fixtures/claims/web-app.red";
import { availability, system } from "./claims.ts";

/** What makes those claims false that hard-way-vagrant does not make; the others are seen red there. */
export const breakages = [
  ...webAppBreakages(system),
  ...availabilityBreakages(system, availability).filter(({ claim }) => claim.startsWith("a load balancer")),
];
