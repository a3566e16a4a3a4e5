import { expect, test } from "vitest";
import { atPace, paceOf, waitAtPace } from "./pace.ts";

const wait = { name: "ready", within: "20s", because: "it takes 5 s" } as const;

test("containers are waited for as it says, and VMs three times as long, with the reason", () => {
  expect(atPace([{}, { machine: "container" }], "20s")).toBe("20s");
  expect(atPace([{}, { machine: "vm" }], "20s")).toBe("60s");
  expect(waitAtPace(paceOf([{}]), wait)).toBe(wait);
  expect(waitAtPace(paceOf([{ machine: "vm" }]), wait)).toEqual({
    name: "readyOnVms",
    within: "60s",
    because: "it takes 5 s; VMs take 3 times as long",
  });
});
