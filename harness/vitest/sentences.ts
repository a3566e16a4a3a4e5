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
