import type { Change } from "./upgrade.ts";

/** Of which kinds each look that failed would have told. */
const told: Readonly<Record<string, readonly Change["kind"][]>> = {
  version: ["version", "default"],
  metrics: ["feature-gate"],
  configuration: ["default"],
  kubelet: ["feature-gate", "default"],
  tools: ["version"],
  "CNI plugins": ["version"],
  rules: ["rules"],
  routes: ["route"],
  certificates: ["certificate"],
  API: ["api"],
  definitions: ["crd"],
  pods: ["image"],
};

/**
 * Whether a look that failed, which is a change of kind `unseen`, is why something is not told of one machine: "kubelet metrics" hides
 * the feature gates of the kubelet, and "all" everything there.
 */
export const hides = (unseen: Pick<Change, "on" | "what">, change: Pick<Change, "kind" | "on" | "what">): boolean =>
  eachProgram(change).some((what) => hidesOne(unseen, { ...change, what }));

function hidesOne(unseen: Pick<Change, "on" | "what">, { kind, on, what }: Pick<Change, "kind" | "on" | "what">) {
  if (unseen.on !== on && !(unseen.what === "nodes" && what.startsWith("kubelet ")))
    return unseen.what === "pods" && kind === "image";
  if (unseen.what === "all" || unseen.what === "nodes") return true;
  const words = unseen.what.split(" ");
  const [program, look = ""] = words.length === 2 && unseen.what !== "CNI plugins" ? words : [undefined, unseen.what];
  return (told[look]?.includes(kind) ?? false) && (program === undefined || what.startsWith(program));
}

/** A feature gate may be told of several programs at once: "ImageVolume of kube-apiserver, kubelet" is that of each. */
function eachProgram({ kind, what }: Pick<Change, "kind" | "what">): readonly string[] {
  const [gate, programs] = what.split(" of ");
  return kind === "feature-gate" && programs !== undefined
    ? programs.split(", ").map((program) => `${program} ${gate}`)
    : [what];
}
