import type { Candidate, Split } from "../../base/types.js";
import { checkNumber } from "../check.js";
import { eligibleIndices, type Sampler, weightedSampler } from "../sampler.js";

/** How often each document is a positive of a query of the split. Count on training data only, or the test set leaks into the weights. */
export function countPositives(split: Split): Map<string, number> {
  const counts = new Map<string, number>();
  for (const judgements of split.judgements.values()) {
    for (const [id, relevance] of judgements) if (relevance > 0) counts.set(id, (counts.get(id) ?? 0) + 1);
  }
  return counts;
}

/**
 * In proportion to count^alpha (word2vec's ¾ by default; Mikolov et al. 2013). Documents that were never seen cannot be drawn, whatever
 * alpha.
 */
export function popularity({
  counts,
  alpha = 0.75,
}: {
  readonly counts: ReadonlyMap<string, number>;
  readonly alpha?: number;
}): Sampler {
  checkNumber("popularity alpha", alpha);
  return weightedSampler({ name: "popularity", params: { alpha }, pool: "corpus", weighted: false }, (pool) => {
    const weights = new Float64Array(pool.candidates.length).fill(Number.NEGATIVE_INFINITY);
    for (const index of eligibleIndices(pool)) {
      const count = counts.get((pool.candidates[index] as Candidate).id) ?? 0;
      if (count > 0) weights[index] = alpha * Math.log(count);
    }
    return weights;
  });
}
