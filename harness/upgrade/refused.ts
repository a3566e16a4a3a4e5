import { LabBroken } from "../model/errors.ts";

/** A tool said no before it changed anything: kubeadm to a skipped minor version. Its words are what was seen. */
export class Refused extends LabBroken {}

/** Whether a step failed because a tool refused: what fails a step is wrapped on its way. */
export function isRefusal(error: unknown): boolean {
  if (error instanceof Refused) return true;
  return error instanceof Error && error.cause !== undefined && isRefusal(error.cause);
}
