export { compare } from "./compare.ts";
export { page } from "./page.ts";
export { readUpgrade } from "./read.ts";
export { terminal } from "./terminal.ts";
