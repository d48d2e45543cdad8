import { fingerprint } from "../base/fingerprint.js";
import type { ScoringRetriever, TextItem } from "../base/types.js";
import { invertedIndex, scorePostings, searchPostings, termCounts } from "./inverted-index.js";

/**
 * Cosine of tf-idf vectors with the weight (1 + ln tf) · (1 + ln((1 + N) / (1 + df))) on both sides (Salton and Buckley 1988, smoothed).
 * A query's terms that the corpus lacks have no weight. Scores are in (0, 1]; only documents that share a term are found.
 */
export function tfIdf(documents: Iterable<TextItem>): ScoringRetriever {
  const index = invertedIndex(documents);
  const idf = Float64Array.from({ length: index.terms.size }, (_, term) => {
    const frequency = index.offsets[term + 1]! - index.offsets[term]!;
    return 1 + Math.log((1 + index.ids.length) / (1 + frequency));
  });
  const weights = new Float64Array(index.rows.length);
  const squares = new Float64Array(index.ids.length);
  for (let term = 0; term < idf.length; term++) {
    for (let at = index.offsets[term]!; at < index.offsets[term + 1]!; at++) {
      weights[at] = (1 + Math.log(index.counts[at]!)) * idf[term]!;
      squares[index.rows[at]!]! += weights[at]! ** 2;
    }
  }
  for (let at = 0; at < weights.length; at++) weights[at]! /= Math.sqrt(squares[index.rows[at]!]!);

  const queryWeights = (text: string): ReadonlyMap<number, number> => {
    const raw = [...termCounts(index, text)].map(
      ([term, count]) => [term, (1 + Math.log(count)) * idf[term]!] as const,
    );
    const norm = Math.sqrt(raw.reduce((sum, [, weight]) => sum + weight ** 2, 0));
    return new Map(raw.map(([term, weight]) => [term, weight / norm]));
  };
  return {
    name: "tf-idf",
    fingerprint: fingerprint("tf-idf", index.fingerprint),
    search: (queries, k) => searchPostings(index, weights, queries, queryWeights, k),
    scorePairs: (pairs) => scorePostings(index, weights, pairs, queryWeights),
  };
}
