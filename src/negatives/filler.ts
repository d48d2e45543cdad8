import { rng, shuffle } from "../base/rng.js";
import { compareCodePoints } from "../base/text.js";
import type { Candidate, TextItem } from "../base/types.js";
import type { Filler } from "./drawing.js";
import { applyFilters, type Filter } from "./filter.js";
import { type PoolRequest, scoreAll } from "./pools.js";
import { isEligible } from "./sampler.js";
import { fillableIds } from "./short.js";

/**
 * Fills short pools with documents drawn uniformly from the candidates outside them. They are scored and pass the same filters (but for
 * windows of ranks, since they have no rank in the search), and stand behind the pool by score. Fewer come where the corpus has no more.
 */
export function corpusFiller(request: PoolRequest, filters: readonly Filter[]): Filler {
  const applied = filters.filter(({ name }) => name !== "rank-window");
  return async (pool, missing) => {
    const { query, round } = pool;
    const ids = fillableIds(request.documents.keys(), pool).filter(
      (id) => request.keepSelf === true || id !== query.id,
    );
    shuffle(ids, rng(request.seed, "fill", round, query.id));
    const found: Candidate[] = [];
    // Twice what is missing at a time: usually one round of scoring is enough.
    for (let start = 0; found.length < missing && start < ids.length; start += 2 * missing) {
      const pairs = ids
        .slice(start, start + 2 * missing)
        .map((id) => ({ query, document: request.documents.get(id) as TextItem }));
      const scores = await scoreAll(request, pairs);
      const candidates = pairs.map(({ document }, i) => ({ id: document.id, score: scores[i] as number, rank: 0 }));
      found.push(...applyFilters({ ...pool, candidates }, applied).candidates.filter(isEligible));
    }
    return found
      .slice(0, missing)
      .sort((a, b) => b.score - a.score || compareCodePoints(a.id, b.id))
      .map(({ id, score }, i) => ({ id, score, rank: pool.candidates.length + i + 1 }));
  };
}
