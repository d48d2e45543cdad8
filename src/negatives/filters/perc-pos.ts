import { checkNumber } from "../check.js";
import { type Filter, rejecting } from "../filter.js";
import { type Reference, referenceScore } from "../reference.js";
import { type Boundary, ceiling } from "./ceiling.js";

export interface PercPosOptions {
  /** Share of the positive's score, 0 < p ≤ 1. */
  readonly p: number;
  readonly reference?: Reference;
  readonly boundary?: Boundary;
  /** `signed`: s⁺ − |s⁺|·(1 − p). `naive`: p·s⁺, which for a negative s⁺ keeps candidates that are harder than the positive. */
  readonly form?: "signed" | "naive";
}

/** Keeps candidates that score at most a share of the positive (NV-Retriever's TopK-PercPos, arXiv 2407.15831). */
export function percPositive(options: PercPosOptions): Filter {
  const { p, reference = "min", boundary = "inclusive", form = "signed" } = options;
  checkNumber("perc-pos", p, { least: Number.MIN_VALUE, most: 1 });
  return rejecting("perc-pos", { p, reference, boundary, form }, (pool) => {
    const positive = referenceScore(pool, reference);
    return ceiling(form === "naive" ? p * positive : positive - Math.abs(positive) * (1 - p), boundary);
  });
}
