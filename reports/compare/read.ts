import { readFileSync, statSync } from "node:fs";
import { dirname, join } from "node:path";
import { readJournal } from "#harness/evidence/journal";
import { LabBroken, reasonOf } from "#harness/model/errors";
import type { UpgradeReport } from "#harness/model/upgrade";

/** Where a run keeps what taking a path told. */
export const reportFile = "upgrade.json";

/**
 * Reads what taking a path told, from a run's folder or from the file itself. Verdicts that it does not hold are read
 * from the journal beside it, if there is one. Throws `LabBroken` when there is none, when it is cut off, or when it is
 * of a format that is not known here.
 */
export function readUpgrade(place: string): UpgradeReport {
  const file = statSync(place, { throwIfNoEntry: false })?.isDirectory() ? join(place, reportFile) : place;
  const report = parsed(file);
  const verdicts = report.verdicts ?? verdictsIn(dirname(file));
  return { ...report, ...(verdicts && { verdicts }) };
}

function parsed(file: string): UpgradeReport {
  let text: string;
  try {
    text = readFileSync(file, "utf8");
  } catch (cause) {
    throw new LabBroken("no upgrade path was taken in this run, or it was ended before the path was", {
      who: dirname(file),
      seen: reasonOf(cause),
      look: `${join(dirname(file), "journal.jsonl")}: how far the run came`,
      cause,
    });
  }
  let report: Partial<UpgradeReport>;
  try {
    report = JSON.parse(text);
  } catch (cause) {
    throw new LabBroken("is no JSON: it was cut off while it was written, or changed since", {
      who: file,
      seen: `${reasonOf(cause)}; ${text.length} characters, the last of them ${JSON.stringify(text.slice(-60))}`,
      look: "take the path again: npx hardway upgrade <path>",
      cause,
    });
  }
  if (report?.format !== 1)
    throw new LabBroken("is of a format that is not known here", {
      who: file,
      seen: `format ${JSON.stringify(report?.format)}`,
      look: "this hardway knows format 1; compare it with the hardway that wrote it",
    });
  const missing = (["path", "run", "at", "hops", "steps", "phases", "streams"] as const).filter(
    (part) => report[part] === undefined,
  );
  if (missing.length > 0)
    throw new LabBroken("is not whole", {
      who: file,
      seen: `no ${missing.join(", no ")}`,
      look: "take the path again: npx hardway upgrade <path>",
    });
  return report as UpgradeReport;
}

function verdictsIn(folder: string): UpgradeReport["verdicts"] {
  if (!statSync(join(folder, "journal.jsonl"), { throwIfNoEntry: false })) return undefined;
  const ended = readJournal(folder).filter((entry) => entry.kind === "claim-ended");
  return ended.length > 0 ? ended.map(({ test, outcome }) => ({ claim: test, outcome })) : undefined;
}
