export { compare } from "./compare.ts";
export { page } from "./page.ts";
export { readUpgrade, reportFile } from "./read.ts";
export { terminal } from "./terminal.ts";
