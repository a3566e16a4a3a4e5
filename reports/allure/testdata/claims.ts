import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "vitest";
import { type ClaimEnd, claimEnded } from "#harness/evidence/listeners";
import { ClaimViolated, LabBroken, Unsupported } from "#harness/model/errors";

/** Claims that end in every way there is, run by the reporter's test with a vitest of its own. The fixture run is their journal. */
const folder = join(import.meta.dirname, "../../testdata/run");
const run: ClaimEnd["run"] = {
  id: "20261120-180301-metallb-bgp-x7f2",
  scenario: "metallb-bgp",
  folder,
  journal: { write: () => undefined, attach: () => "" },
  signal: new AbortController().signal,
  defer: () => undefined,
};
const ends = readFileSync(join(folder, "journal.jsonl"), "utf8")
  .trim()
  .split("\n")
  .map((line) => JSON.parse(line))
  .filter(({ kind }) => kind === "claim-ended");

const errors = {
  violates: (because: string) => new ClaimViolated(because, ["172.17.0.22"], []),
  broken: (because: string) => new LabBroken(`assert that this is no assertion: ${because}`),
};

for (const { test: sentence, outcome, because } of ends) {
  test(sentence, async () => {
    await claimEnded({ run, test: sentence, outcome, attachments: [], ...(because !== undefined && { because }) });
    if (outcome !== "conforms") throw errors[outcome as keyof typeof errors](because);
  });
}

test("a lab that did not come up", () => {
  throw new LabBroken("the assertion that the lab is up does not hold");
});

test("a host that lacks a feature", (context) => {
  context.skip("this host lacks ipip");
});

test("a host that lacks a feature, found out in the claim", () => {
  throw new Unsupported("this host lacks netem", ["netem"]);
});
