import { checkNumber } from "../check.js";
import { type Filter, rejecting } from "../filter.js";
import { type Reference, referenceScore } from "../reference.js";
import { type Boundary, ceiling } from "./ceiling.js";

export interface MarginPosOptions {
  /** Distance below the positive in score units, at least 0. */
  readonly margin: number;
  readonly reference?: Reference;
  readonly boundary?: Boundary;
}

/** Keeps candidates that score at least a margin below the positive (NV-Retriever's TopK-MarginPos, arXiv 2407.15831). */
export function marginPositive({ margin, reference = "min", boundary = "inclusive" }: MarginPosOptions): Filter {
  checkNumber("margin-pos", margin, { least: 0 });
  return rejecting("margin-pos", { margin, reference, boundary }, (pool) =>
    ceiling(referenceScore(pool, reference) - margin, boundary),
  );
}
