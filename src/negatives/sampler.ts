import type { Rng } from "../base/rng.js";
import type { Candidate, Negative, ScoredPool } from "../base/types.js";
import { drawSuccessively, firstDraw } from "./draw.js";

/** Chooses negatives from a pool. Rejected candidates are never chosen, and no candidate is chosen twice. */
export interface Sampler {
  readonly name: string;
  /** The parameters in full, defaults included, as manifests record them. */
  readonly params: Readonly<Record<string, string | number>>;
  /** The pool it wants: the documents nearest to the query, or documents drawn from the corpus without regard to it. */
  readonly pool: "nearest" | "corpus";
  /** True where the probabilities follow the scores: a flat distribution is then worth a warning. */
  readonly weighted: boolean;
  /** At most `count` negatives in the order of drawing; fewer where the pool is short. */
  sample(pool: ScoredPool, count: number, rng: Rng): Negative[];
  /**
   * Exact probability of each candidate to be drawn first; 0 for rejected ones. Sums to 1, or to 0 where nothing can be drawn. A
   * sampler without chance has a single 1.
   */
  probabilities(pool: ScoredPool): Float64Array;
}

export type SamplerHead = Omit<Sampler, "sample" | "probabilities">;

/** True for candidates that no filter rejected. */
export function isEligible(candidate: Candidate): boolean {
  return candidate.rejected === undefined || candidate.rejected === null;
}

/** Indices of the candidates that no filter rejected, in the order of the pool. */
export function eligibleIndices(pool: ScoredPool): number[] {
  const indices: number[] = [];
  for (let i = 0; i < pool.candidates.length; i++) if (isEligible(pool.candidates[i] as Candidate)) indices.push(i);
  return indices;
}

/** A negative from the candidate at `index`. */
export function negativeAt(pool: ScoredPool, index: number, probabilities: Float64Array): Negative {
  const { id, score, rank } = pool.candidates[index] as Candidate;
  return { id, score, rank, probability: probabilities[index] as number };
}

/** A sampler that draws successively, in proportion to weights. `logWeights` gives −∞ for what cannot be drawn. */
export function weightedSampler(head: SamplerHead, logWeights: (pool: ScoredPool) => Float64Array): Sampler {
  return {
    ...head,
    probabilities: (pool) => firstDraw(logWeights(pool)),
    sample(pool, count, rng) {
      const weights = logWeights(pool);
      const probabilities = firstDraw(weights);
      return drawSuccessively(weights, count, rng).map((index) => negativeAt(pool, index, probabilities));
    },
  };
}

/** A sampler without chance: it takes the first `count` of an order of eligible candidates. */
export function orderedSampler(head: SamplerHead, order: (pool: ScoredPool) => readonly number[]): Sampler {
  const probabilities = (pool: ScoredPool): Float64Array => {
    const result = new Float64Array(pool.candidates.length);
    const first = order(pool)[0];
    if (first !== undefined) result[first] = 1;
    return result;
  };
  return {
    ...head,
    probabilities,
    sample(pool, count) {
      const first = probabilities(pool);
      return order(pool)
        .slice(0, count)
        .map((index) => negativeAt(pool, index, first));
    },
  };
}

/** Equal weights on some candidates of a pool. */
export function uniformOver(pool: ScoredPool, indices: Iterable<number>): Float64Array {
  const weights = new Float64Array(pool.candidates.length).fill(Number.NEGATIVE_INFINITY);
  for (const index of indices) weights[index] = 0;
  return weights;
}
