import { equals } from "#harness/judging/checks";
import { within } from "#harness/judging/within";
import { reddened } from "#harness/vitest/reddened";
import { breakages } from "./breakages.ts";
import { claims } from "./claims.ts";
import phases from "./scenario.ts";

reddened(phases, claims, {
  /** The control plane is ready, if it was built so far. */
  async sound({ lab, reaches }) {
    const ready = {
      of: "the control plane on cp-1",
      async look(signal: AbortSignal) {
        const ask = "curl -sk --max-time 2 https://localhost:6443/readyz";
        const { stdout } = await lab.nodes["cp-1"].sh(
          `if systemctl is-active --quiet kubelet; then ${ask}; else echo ok; fi`,
          { ok: "any", signal },
        );
        return stdout.trim();
      },
    };
    await reaches(ready, equals("ok"), within.apiAnswers);
  },
  breakages,
});
