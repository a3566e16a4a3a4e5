import { join, resolve } from "node:path";
import { pathToFileURL } from "node:url";
import type { UpgradeReport } from "../model/upgrade.ts";
import { project } from "./scenarios.ts";

/** What reports make of upgrades. A comparison is data that only they know. */
export interface UpgradeReports {
  /** From a run's folder, or from the file in it. */
  readUpgrade(place: string): UpgradeReport;
  compare(reports: readonly UpgradeReport[]): unknown;
  terminal(comparison: unknown): string;
  page(comparison: unknown): string;
}

/** Where runs are stored. */
export const runsFolder = (): string => resolve(process.env.HARDWAY_RUNS || join(project, "reports/runs"));

/** This is where the command line meets reports, by path at run time. */
export const loadReports = (): Promise<UpgradeReports> =>
  import(pathToFileURL(join(project, "reports/compare/index.ts")).href);
