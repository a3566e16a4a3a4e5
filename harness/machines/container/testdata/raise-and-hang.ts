import { raiseLab } from "../raise.ts";
import { prepared, silent, testRun, topology } from "./lab.ts";

// Run by a test, which kills it. Says its run's name once the lab is up, or at once when told to be killed on the way.
const run = testRun();
if (process.argv[2] === "half-way") console.log(run.id);
await raiseLab(topology, await prepared(), run, silent);
console.log(run.id);
setInterval(() => undefined, 60_000);
