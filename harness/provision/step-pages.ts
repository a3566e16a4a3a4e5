import type { Step, StepPage } from "../model/provision.ts";
import type { Plan } from "./run-steps.ts";

/** The steps of a plan that have a page, in order, each name once. */
export function pagedSteps(plan: Plan): (Step & { readonly page: StepPage })[] {
  const steps = plan.flatMap((entry) => ("run" in entry ? [entry] : entry));
  return steps.flatMap((step, index) =>
    step.page && steps.findIndex(({ name }) => name === step.name) === index ? [{ ...step, page: step.page }] : [],
  );
}

/**
 * Markdown about every step: what it does, what to look at once it is done, and which of the scenario's claims proves it.
 * Throws when a page names a claim that the scenario does not make.
 */
export function stepPages(scenario: string, plan: Plan, claims: readonly string[]): string {
  return pagedSteps(plan)
    .map(({ name, on, page: { does, look, proof } }, index) => {
      const proven = proof === undefined ? undefined : claims.find((sentence) => sentence.startsWith(proof));
      if (proof !== undefined && proven === undefined)
        throw new Error(`the page of the step ${name} names a claim that begins "${proof}", and ${scenario} has none`);
      return [
        `### ${index + 1}. ${name}`,
        `On ${on.join(", ")}: \`npx hardway up scenarios/${scenario} --until ${name}\``,
        does,
        ["| on | type | to see |", "|---|---|---|", ...look.map(lookRow)].join("\n"),
        ...(proven === undefined ? [] : [`Proven by: *${proven}*`]),
      ].join("\n\n");
    })
    .join("\n\n");
}

const lookRow = ({ on, command, shows }: StepPage["look"][number]) =>
  `| ${on} | \`${command.replaceAll("|", "\\|")}\` | ${shows} |`;

/** A document with what stands between `<!-- name -->` and `<!-- /name -->` replaced. Throws when it has no such place. */
export function withPart(document: string, name: string, text: string): string {
  const [open, close] = [`<!-- ${name} -->`, `<!-- /${name} -->`];
  const [before, after] = [document.indexOf(open), document.indexOf(close)];
  if (before < 0 || after < before) throw new Error(`the document has no place for ${name}: ${open}${close}`);
  return `${document.slice(0, before)}${open}\n\n${text}\n\n${document.slice(after)}`;
}
