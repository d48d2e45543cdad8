import { inputError, workError } from "../base/errors.js";
import { fingerprint } from "../base/fingerprint.js";
import { compareCodePoints } from "../base/text.js";
import type { Hits, Retriever, TextItem } from "../base/types.js";

/** Scores documents for a query, the higher the better: a cross-encoder, or anything else that looks at both at once. */
export interface Reranker {
  readonly name: string;
  readonly fingerprint: string;
  /** One score a document, in their order. */
  score(query: TextItem, documents: readonly TextItem[]): Promise<ArrayLike<number>>;
  /** The same for many queries at once, one score a pair in their order: faster where pairs of like length go together. */
  scorePairs?(pairs: readonly QueryDocument[]): Promise<ArrayLike<number>>;
}

/** A pair to score. */
export interface QueryDocument {
  readonly query: TextItem;
  readonly document: TextItem;
}

export interface RerankOptions {
  /** The texts of what the retriever finds. */
  readonly documents: ReadonlyMap<string, TextItem>;
  /** Documents scored a query; default 100. */
  readonly depth?: number;
}

/**
 * Retrieve, then rerank, as one system: the first `depth` documents of the retriever in the order of the reranker's scores (equal ones by id), then the
 * retriever's others in their order. Scores of those stand 1 and more below the last reranked one, as far apart as they were.
 */
export function rerank(retriever: Retriever, reranker: Reranker, { documents, depth = 100 }: RerankOptions): Retriever {
  const textOf = (id: string): TextItem => {
    const item = documents.get(id);
    if (item === undefined)
      throw inputError("unknown-id", "the text of a document to rerank is not known", { found: id });
    return item;
  };
  const rescored = (query: TextItem, found: Hits, k: number, scores: Float64Array): Hits => {
    const first = found.ids.slice(0, depth);
    if (first.length === 0) return found;
    const bad = first.findIndex((_, i) => !Number.isFinite(scores[i]));
    if (bad >= 0 || scores.length !== first.length)
      throw workError("non-finite", "the reranker gave no finite score", {
        found: `query ${query.id}, document ${first[bad]}`,
      });
    const order = [...first.keys()].sort((a, b) => scores[b]! - scores[a]! || compareCodePoints(first[a]!, first[b]!));
    const rest = found.ids.slice(depth);
    const shift = scores[order.at(-1)!]! - 1 - (found.scores[depth] ?? 0);
    return {
      ids: [...order.map((i) => first[i]!), ...rest].slice(0, k),
      scores: Float64Array.from(
        [...order.map((i) => scores[i]!), ...rest.map((_, i) => found.scores[depth + i]! + shift)].slice(0, k),
      ),
    };
  };
  return {
    name: `${retriever.name}+${reranker.name}`,
    fingerprint: fingerprint("rerank", depth, retriever.fingerprint, reranker.fingerprint),
    async search(queries, k) {
      const found = await retriever.search(queries, Math.max(k, depth));
      const firsts = found.map(({ ids }) => ids.slice(0, depth).map(textOf));
      const scores = await scoresOf(reranker, queries, firsts);
      return found.map((hits, i) => rescored(queries[i]!, hits, k, scores[i]!));
    },
  };
}

/** The scores of each query's documents. */
async function scoresOf(
  reranker: Reranker,
  queries: readonly TextItem[],
  documents: readonly (readonly TextItem[])[],
): Promise<readonly Float64Array[]> {
  if (reranker.scorePairs === undefined) {
    const scores: Float64Array[] = [];
    for (const [i, some] of documents.entries())
      scores.push(some.length === 0 ? new Float64Array() : Float64Array.from(await reranker.score(queries[i]!, some)));
    return scores;
  }
  const pairs = documents.flatMap((some, i) => some.map((document) => ({ query: queries[i]!, document })));
  const all = Float64Array.from(await reranker.scorePairs(pairs));
  if (all.length !== pairs.length)
    throw workError("non-finite", "the reranker gave another number of scores than pairs", {
      found: String(all.length),
      expected: String(pairs.length),
    });
  let end = 0;
  return documents.map(({ length }) => {
    end += length;
    return all.slice(end - length, end);
  });
}
