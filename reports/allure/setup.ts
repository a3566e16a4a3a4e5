import { onClaimEnd } from "#harness/evidence/listeners";
import { describeClaim } from "./describe.ts";

/** A vitest setup file: what the journal has of a claim goes into its Allure result. */
onClaimEnd(describeClaim);
