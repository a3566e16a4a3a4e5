import { claims } from "./claims.ts";
import metallbBgp from "./scenario.ts";

claims(metallbBgp);
