import { kubeadmPki, pkiClaims } from "#fixtures/claims/pki";
import { pkiBreakages } from "#fixtures/claims/pki.red";
import { reddened } from "#harness/vitest/reddened";
import metallbBgp from "./scenario.ts";
import { selfBuilt } from "./system.ts";

const system = selfBuilt(metallbBgp);
const base = kubeadmPki(system);
const expected = { ...base, plain: [...base.plain, "* *:7472 speaker", "* *:7946 speaker"] };
reddened({ ...metallbBgp, always: [] }, (claim) => pkiClaims(claim, system, expected), {
  async sound(it) {
    const judges: [string, (c: typeof it) => Promise<void>][] = [];
    pkiClaims((sentence, judge) => judges.push([sentence, judge]), system, expected);
    for (const [s, judge] of judges) {
      const t = Date.now();
      await judge(it);
      console.error(Date.now() - t, "ms", s);
    }
  },
  breakages: pkiBreakages(system, expected),
});
