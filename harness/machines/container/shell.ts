import type { Container } from "dockerode";
import type { Shell } from "#harness/model/machines";
import type { Journal } from "#harness/model/run";
import { shellOver } from "../shell.ts";
import { spawn } from "./exec.ts";

/** A shell in a container; it stays good over restarts of the container. */
export const shellIn = (container: Container, who: string, journal: Pick<Journal, "write">): Shell =>
  shellOver((argv, options) => spawn(container, who, argv, options), who, journal);
