import type { Hits, Retriever, TextItem } from "../base/types.js";
import type { PairScores } from "./pools.js";

/**
 * Pair scores from a retriever that has none of its own: it searches deep enough to find every document, and what it does not find
 * scores 0. Right for BM25 and TF-IDF, which leave out exactly the documents that score 0.
 *
 * @param size number of documents the retriever searches.
 */
export function pairScoresBySearch(retriever: Retriever, size: number, block = 64): PairScores {
  return async (pairs) => {
    const queries = [...new Map(pairs.map(({ query }) => [query.id, query])).values()];
    const scores = new Float64Array(pairs.length);
    for (let start = 0; start < queries.length; start += block) {
      const part: readonly TextItem[] = queries.slice(start, start + block);
      const found = await retriever.search(part, size);
      const byQuery = new Map(part.map(({ id }, i) => [id, scoreMap(found[i] as Hits)]));
      pairs.forEach(({ query, document }, i) => {
        const known = byQuery.get(query.id);
        if (known !== undefined) scores[i] = known.get(document.id) ?? 0;
      });
    }
    return scores;
  };
}

function scoreMap({ ids, scores }: Hits): Map<string, number> {
  return new Map(ids.map((id, i) => [id, scores[i] as number]));
}
