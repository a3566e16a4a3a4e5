import { vi } from "vitest";

/** What a unit test's commands print. */
export interface Printed {
  out: string;
  err: string;
  /** Both, as they came. */
  all: string;
}

/** Keeps what is printed to itself, until mocks are restored. */
export function printed(): Printed {
  const kept: Printed = { out: "", err: "", all: "" };
  for (const [name, stream] of [["out", process.stdout] as const, ["err", process.stderr] as const])
    vi.spyOn(stream, "write").mockImplementation((text) => {
      kept[name] += text;
      kept.all += text;
      return true;
    });
  return kept;
}
