import { type Owner, ownerText, parseOwner, thisOwner } from "#harness/run/owner";

/** Everything that the lab makes in an engine carries these. */
export const label = {
  /** On everything; the value says what it is: machine, fabric, volume, image, survey, probe. */
  is: "hardway",
  run: "hardway.run",
  owner: "hardway.pid",
  node: "hardway.node",
  /** On a machine: what kind it is. */
  machine: "hardway.machine",
  /** On a machine's volume: what it was cloned from. */
  store: "hardway.store",
  scenario: "hardway.scenario",
  topology: "hardway.topology",
} as const;

/** Labels of a thing that lives as long as a run. */
export const runLabels = (is: string, run: string): Record<string, string> => ({
  [label.is]: is,
  [label.run]: run,
  [label.owner]: ownerText(thisOwner()),
});

/** Whose a labelled thing is; `undefined` when it is nobody's, such as an image. */
export function runOf(labels: Readonly<Record<string, string>> | undefined): { id: string; owner: Owner } | undefined {
  const id = labels?.[label.run];
  const owner = parseOwner(labels?.[label.owner] ?? "");
  return id && owner ? { id, owner } : undefined;
}
