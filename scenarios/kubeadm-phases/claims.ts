import type { Claims } from "#harness/vitest/scenario";
import { clusterClaims } from "./claims-cluster.ts";
import { initClaims } from "./claims-init.ts";
import { joinClaims } from "./claims-join.ts";
import { toolClaims } from "./claims-tools.ts";
import type { Name } from "./system.ts";

/** In the order in which they are judged: each takes the steps up to its own, and judges before the next. */
export function claims(claim: Claims<Name>): void {
  initClaims(claim);
  clusterClaims(claim);
  joinClaims(claim);
  toolClaims(claim);
}
