import type { Candidate, Rejection, ScoredPool } from "../base/types.js";
import { isEligible } from "./sampler.js";

/** Marks the candidates of a pool that may not be drawn: likely false negatives, or those out of a wanted range. */
export interface Filter {
  readonly name: string;
  /** Parameters in full, defaults included, as manifests record them. */
  readonly params: Readonly<Record<string, string | number>>;
  /** The same pool with reasons for what this filter rejects. A candidate that was rejected before keeps its first reason. */
  apply(pool: ScoredPool): ScoredPool;
}

/**
 * A filter that judges candidates one by one: `judge` sees the pool once and gives the reason (without the filter's name) for which a
 * candidate is rejected, or null.
 */
export function rejecting(
  name: string,
  params: Filter["params"],
  judge: (pool: ScoredPool) => (candidate: Candidate) => Omit<Rejection, "filter"> | null,
): Filter {
  return {
    name,
    params,
    apply(pool) {
      const reasonFor = judge(pool);
      const candidates = pool.candidates.map((candidate) => {
        const reason = isEligible(candidate) ? reasonFor(candidate) : null;
        return reason === null ? candidate : { ...candidate, rejected: { filter: name, ...reason } };
      });
      return { ...pool, candidates };
    },
  };
}

/** All filters in order. */
export function applyFilters(pool: ScoredPool, filters: readonly Filter[]): ScoredPool {
  return filters.reduce((filtered, filter) => filter.apply(filtered), pool);
}
