import { inputError } from "../base/errors.js";
import { fingerprint } from "../base/fingerprint.js";
import { compareCodePoints } from "../base/text.js";
import type { Hits, Retriever } from "../base/types.js";

/** How lists of hits become one. */
export interface FusionOptions {
  /** `rrf`: reciprocal ranks (Cormack, Clarke and Büttcher 2009). `min-max`: scores stretched to 0 … 1 in each list. */
  readonly method?: "rrf" | "min-max";
  /** Constant added to the rank in `rrf`, ≥ 0. */
  readonly rankConstant?: number;
  /** One weight a list; 1 each when absent. */
  readonly weights?: readonly number[];
}

/**
 * One list from several of the same query. `rrf`: Σ weight / (rankConstant + rank), ranks from 1, over the lists that hold the document.
 * `min-max`: Σ weight · (score − min) / max(max − min, 1e-9) with each list's own extremes; a document that a list lacks gets 0 from it.
 * Score descending, then id ascending.
 */
export function fuse(lists: readonly Hits[], options: FusionOptions = {}): Hits {
  const { method = "rrf", rankConstant = 60, weights = lists.map(() => 1) } = options;
  checkOptions(lists.length, rankConstant, weights);
  const sums = new Map<string, number>();
  lists.forEach((hits, list) => {
    const values = method === "rrf" ? hits.scores.map((_, i) => 1 / (rankConstant + i + 1)) : minMaxScores(hits.scores);
    hits.ids.forEach((id, i) => {
      sums.set(id, (sums.get(id) ?? 0) + weights[list]! * values[i]!);
    });
  });
  const sorted = [...sums].sort(([idA, a], [idB, b]) => b - a || compareCodePoints(idA, idB));
  return { ids: sorted.map(([id]) => id), scores: Float64Array.from(sorted, ([, score]) => score) };
}

/** Scores stretched so that the smallest is 0 and the largest 1; all 0 where they are equal. */
export function minMaxScores(scores: Float64Array): Float64Array {
  let low = Number.POSITIVE_INFINITY;
  let high = Number.NEGATIVE_INFINITY;
  for (const score of scores) {
    low = Math.min(low, score);
    high = Math.max(high, score);
  }
  const range = Math.max(high - low, 1e-9);
  return scores.map((score) => (score - low) / range);
}

/** Searches with each retriever to `depth` (default 100, at least k) and fuses what they find. */
export function fusedRetriever(
  retrievers: readonly Retriever[],
  options: FusionOptions & { readonly depth?: number } = {},
): Retriever {
  const { depth = 100, ...fusion } = options;
  checkOptions(retrievers.length, fusion.rankConstant ?? 60, fusion.weights ?? retrievers.map(() => 1));
  return {
    name: `fusion(${retrievers.map((one) => one.name).join("+")})`,
    fingerprint: fingerprint(
      "fusion",
      options,
      retrievers.map((one) => one.fingerprint),
    ),
    async search(queries, k) {
      const found: (readonly Hits[])[] = [];
      for (const retriever of retrievers) found.push(await retriever.search(queries, Math.max(k, depth)));
      return queries.map((_, query) => {
        const all = fuse(
          found.map((lists) => lists[query]!),
          fusion,
        );
        return { ids: all.ids.slice(0, k), scores: all.scores.slice(0, k) };
      });
    },
  };
}

function checkOptions(lists: number, rankConstant: number, weights: readonly number[]): void {
  if (!(rankConstant >= 0 && Number.isFinite(rankConstant)))
    throw inputError("bad-option", "the rank constant is out of range", {
      field: "rankConstant",
      found: String(rankConstant),
      expected: "a number ≥ 0",
    });
  if (weights.length !== lists || !weights.every(Number.isFinite))
    throw inputError("bad-option", "fusion needs one finite weight a list", {
      field: "weights",
      found: `[${weights.join(", ")}]`,
      expected: `${lists} numbers`,
    });
}
