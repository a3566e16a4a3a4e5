import type { Wait } from "../model/judging.ts";

/** How long sources of artifacts are waited for, and why. */
export const patience = {
  connect: {
    name: "connect",
    within: "4s",
    because: "a server that is up is connected to within a second; one that cannot be reached must not stall a lab",
  },
  answer: {
    name: "answer",
    within: "15s",
    because: "release servers redirect to a store that may have to fetch the file first",
  },
  slowness: {
    name: "slowness",
    within: "20s",
    because: "below 16 KiB/s in such a stretch, 60 MB would take more than an hour; building is quicker",
  },
  goRelease: {
    name: "goRelease",
    within: "20m",
    because: "a release of Go is 70 MB: some seconds from a near proxy, over a slow line a quarter of an hour",
  },
  goBuild: {
    name: "goBuild",
    within: "60m",
    because: "Kubernetes takes 8 minutes on two cores from nothing, and slow computers several times that",
  },
  cCompiler: {
    name: "cCompiler",
    within: "60s",
    because: "one file of some lines is compiled within a second, on a busy computer within twenty",
  },
  debian: {
    name: "debian",
    within: "3m",
    because: "package lists are some 10 MB and a package a few; apt retries by itself within that",
  },
} as const satisfies Record<string, Wait>;

/** Bytes per second below which a download is given up, over `patience.slowness`. */
export const slowestBytesPerSecond = 16 * 1024;
