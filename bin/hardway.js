#!/usr/bin/env node
// Plain JavaScript that any Node from 14 on can read: on an old one it starts itself again on the Node 24 that the packages bring.
import { spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";

const wanted = 24;
const project = fileURLToPath(new URL("..", import.meta.url));

if (!existsSync(`${project}node_modules`)) {
  console.error("hardway: its packages are not installed\n    run ./bootstrap");
  process.exit(2);
}
if (Number.parseInt(process.versions.node, 10) >= wanted) {
  const { main } = await import("../harness/cli/main.ts");
  // A kept lab's forwarders would hold the process; what they reach stays up without them.
  process.exit(await main(process.argv.slice(2)));
} else {
  const node = `${project}node_modules/node-linux-${process.arch}/bin/node`;
  if (!existsSync(node)) {
    console.error(
      `hardway: Node ${process.versions.node} is too old, ${wanted} is needed, and ${node} is not there\n    run ./bootstrap, or install Node ${wanted}: https://nodejs.org/en/download`,
    );
    process.exit(2);
  }
  const child = spawn(node, process.argv.slice(1), { stdio: "inherit" });
  // A terminal tells both; who was told alone passes it on. Either way the child has the last word.
  for (const signal of ["SIGTERM", "SIGHUP"]) process.on(signal, () => child.kill(signal));
  process.on("SIGINT", () => {});
  // npm that is told to end takes its shell along and tells nobody else: as in harness/run/interrupt.ts.
  const parent = process.ppid;
  const watch = setInterval(() => {
    if (!process.env.npm_execpath || process.ppid === parent) return;
    clearInterval(watch);
    child.kill("SIGHUP");
  }, 500).unref();
  child.on("exit", (code, signal) => process.exit(code === null ? 128 + (signal === "SIGINT" ? 2 : 15) : code));
}
