import { expect, test } from "vitest";
import { claimTable, sentencesOf } from "./sentences.ts";

test("claims are told in order with all that makes each red, and none is judged", () => {
  const sentences = sentencesOf<string>((claim) => {
    claim("pods reach pods", () => Promise.reject(new Error("judged")));
    claim("Secrets are kept", () => Promise.reject(new Error("judged")));
  });
  const breakages = [
    { claim: "pods reach", when: "a worker forwards nothing" },
    { claim: "pods reach", when: "a | is dropped" },
  ];
  expect(claimTable(sentences, breakages).split("\n").slice(2)).toEqual([
    "| pods reach pods | a worker forwards nothing; a \\| is dropped |",
    "| Secrets are kept |  |",
  ]);
});
