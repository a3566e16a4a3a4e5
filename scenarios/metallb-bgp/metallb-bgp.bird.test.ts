import { claims } from "./claims.ts";
import { variants } from "./scenario.ts";

claims(variants.bird);
