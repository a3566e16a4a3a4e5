import { LabBroken } from "../model/errors.ts";
import type { Kube } from "../model/kube.ts";

/**
 * The API of a cluster that may not be there yet: connected to when it is first asked. Until then, and after each time that
 * `reach` throws, the next question tries anew. Throws what `reach` throws.
 */
export function whenAsked(reach: () => Promise<Kube>): Kube {
  let reached: Promise<Kube> | undefined;
  let connected: Kube | undefined;
  const kube = async (): Promise<Kube> => {
    reached ??= reach();
    try {
      connected = await reached;
      return connected;
    } catch (error) {
      reached = undefined;
      throw error;
    }
  };
  return {
    apply: async (...asked) => (await kube()).apply(...asked),
    get: async (ref) => (await kube()).get(ref),
    list: async (...asked) => (await kube()).list(...asked),
    patch: async (...asked) => (await kube()).patch(...asked),
    remove: async (...asked) => (await kube()).remove(...asked),
    exec: async (...asked) => (await kube()).exec(...asked),
    logs: async (...asked) => (await kube()).logs(...asked),
    raw: async (...asked) => (await kube()).raw(...asked),
    get kubeconfig() {
      if (connected) return connected.kubeconfig;
      throw new LabBroken("the API was not asked yet, so there is no kubeconfig for it");
    },
  };
}
