export { readModelFolder } from "./read.js";
export type * from "./types.js";
export { loadWeights } from "./weights.js";
