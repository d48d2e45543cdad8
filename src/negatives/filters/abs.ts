import { checkNumber } from "../check.js";
import { type Filter, rejecting } from "../filter.js";
import { type Boundary, ceiling } from "./ceiling.js";

export interface AbsoluteOptions {
  /** Highest score that may be drawn. */
  readonly max: number;
  /** Lowest score that may be drawn; none by default. */
  readonly min?: number;
  readonly boundary?: Boundary;
}

/** Keeps candidates within a fixed range of scores (NV-Retriever's TopK-Abs, arXiv 2407.15831). */
export function absolute({ max, min, boundary = "inclusive" }: AbsoluteOptions): Filter {
  checkNumber("abs", max);
  if (min !== undefined) checkNumber("abs min", min, { most: max });
  const above = ceiling(max, boundary);
  return rejecting("abs", { max, ...(min === undefined ? {} : { min }), boundary }, () => (candidate) => {
    const reason = above(candidate);
    if (reason !== null || min === undefined || candidate.score >= min) return reason;
    return { value: candidate.score, threshold: min };
  });
}
