import { inputError } from "../base/errors.js";
import { fingerprint } from "../base/fingerprint.js";
import type { ScoringRetriever, TextItem } from "../base/types.js";
import { invertedIndex, scorePostings, searchPostings, termCounts } from "./inverted-index.js";

export interface Bm25Options {
  /** Saturation of the term frequency, ≥ 0. */
  readonly k1?: number;
  /** Weight of the document length, 0 … 1. */
  readonly b?: number;
}

/**
 * BM25 as Lucene has had it since version 8 (Robertson and Zaragoza 2009, without the constant factor k1 + 1, which changes no order):
 * Σ over query tokens, repeated ones again, of idf · tf / (tf + k1 (1 − b + b · length / mean length)), with
 * idf = ln(1 + (N − df + ½) / (df + ½)). Empty documents count in N and in the mean length. Only documents with a score above 0 are found.
 */
export function bm25(documents: Iterable<TextItem>, options: Bm25Options = {}): ScoringRetriever {
  const { k1 = 1.2, b = 0.75 } = options;
  if (!(k1 >= 0 && Number.isFinite(k1)))
    throw inputError("bad-option", "k1 is out of range", { field: "k1", found: String(k1), expected: "a number ≥ 0" });
  if (!(b >= 0 && b <= 1))
    throw inputError("bad-option", "b is out of range", { field: "b", found: String(b), expected: "0 … 1" });
  const index = invertedIndex(documents);
  const mean = index.lengths.reduce((sum, length) => sum + length, 0) / Math.max(1, index.ids.length);
  const weights = new Float64Array(index.rows.length);
  for (let term = 0; term + 1 < index.offsets.length; term++) {
    const start = index.offsets[term]!;
    const end = index.offsets[term + 1]!;
    const idf = Math.log1p((index.ids.length - (end - start) + 0.5) / (end - start + 0.5));
    for (let at = start; at < end; at++) {
      const count = index.counts[at]!;
      weights[at] = (idf * count) / (count + k1 * (1 - b + (b * index.lengths[index.rows[at]!]!) / mean));
    }
  }
  const queryWeights = (text: string) => termCounts(index, text);
  return {
    name: "bm25",
    fingerprint: fingerprint("bm25", { k1, b }, index.fingerprint),
    search: (queries, k) => searchPostings(index, weights, queries, queryWeights, k),
    scorePairs: (pairs) => scorePostings(index, weights, pairs, queryWeights),
  };
}
