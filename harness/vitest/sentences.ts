import type { Breakage } from "./reddened.ts";
import type { Claims, Given } from "./scenario.ts";

/** The sentences of the claims that are declared, in order; none is judged. */
export function sentencesOf<N extends string>(declare: (claim: Claims<N>, given: Given<N>) => void): string[] {
  const sentences: string[] = [];
  declare(
    (sentence) => sentences.push(sentence),
    () => () => Promise.reject(new Error("nothing is judged here")),
  );
  return sentences;
}

/** Markdown: each claim, and what makes it red where that is known. */
export function claimTable(
  sentences: readonly string[],
  breakages: readonly Pick<Breakage<string>, "claim" | "when">[],
): string {
  const cell = (text: string) => text.replaceAll("|", "\\|");
  const rows = sentences.map((sentence) => {
    const reds = breakages.filter(({ claim }) => sentence.startsWith(claim)).map(({ when }) => when);
    return `| ${cell(sentence)} | ${cell(reds.join("; "))} |`;
  });
  return ["| claim | red when |", "|---|---|", ...rows].join("\n");
}
