import type { Candidate, ScoredPool } from "../../base/types.js";
import { checkNumber } from "../check.js";
import { type Reference, referenceScore } from "../reference.js";
import { eligibleIndices, orderedSampler, type Sampler } from "../sampler.js";

/**
 * The candidates whose scaled score lies nearest to the reference positive's plus `b`: smallest |scale·(s − s⁺) − b|, ties in the order of
 * the pool. SimANS's variant without chance (Zhou et al. 2022, "Nearest-K").
 */
export function nearestK({
  b = 0,
  reference = "min",
}: {
  readonly b?: number;
  readonly reference?: Reference;
} = {}): Sampler {
  checkNumber("nearest-k b", b);
  return orderedSampler({ name: "nearest-k", params: { b, reference }, pool: "nearest", weighted: false }, (pool) => {
    const positive = referenceScore(pool, reference);
    const far = (index: number): number => distance(pool, index, positive, b);
    return eligibleIndices(pool).sort((i, j) => far(i) - far(j) || i - j);
  });
}

/** |scale·(s − s⁺) − b|, held finite so that far candidates still compare. */
function distance(pool: ScoredPool, index: number, positive: number, b: number): number {
  const { score } = pool.candidates[index] as Candidate;
  return Math.min(Math.abs(pool.scale * (score - positive) - b), Number.MAX_VALUE);
}
