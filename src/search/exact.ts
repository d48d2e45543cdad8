import { setImmediate } from "node:timers/promises";
import { inputError, workError } from "../base/errors.js";
import { noProgress, type Progress } from "../base/progress.js";
import { compareCodePoints } from "../base/text.js";
import type { Hits, Similarity } from "../base/types.js";
import type { Engine } from "../engine/types.js";
import { openProducts } from "./products.js";
import { topK } from "./top-k.js";
import { prepareRows, type VectorSource } from "./vector-source.js";

/** Documents of one product. A multiple of 16, so that no thread of a product is left with a single column. */
const blockDocuments = 2048;
/** Queries of one product: with the documents, the scores of one are 4 MiB. */
const blockQueries = 512;
/** Queries that this thread looks after before it lets other work pass. */
const blockOwn = 16;

export interface ExactIndex {
  /**
   * The k nearest documents of each query vector (row-major [queries, dimension]), by score descending, then id ascending. A score does not
   * depend on what else is searched for.
   */
  search(queries: Float32Array, k: number, progress?: Progress): Promise<Hits[]>;
  close(): Promise<void>;
}

export interface ExactIndexOptions {
  /** Computes the products, in float32. Absent: plain TypeScript in float64, for a few thousand small products at most. */
  readonly engine?: Engine;
  readonly similarity: Similarity;
}

/**
 * Exact nearest neighbours. The corpus streams through in blocks, so memory is bounded by a block and by k a query. Throws on repeated ids,
 * and at a search on vectors that are not finite, naming the document's id or the query's row (from 0).
 */
export async function createExactIndex(
  corpus: VectorSource,
  { engine, similarity }: ExactIndexOptions,
): Promise<ExactIndex> {
  const { ids, dimension } = corpus;
  // In the order of their ids, the first of two equal scores is the one of the lower id.
  const order = Int32Array.from(ids.keys()).sort((a, b) => compareCodePoints(ids[a]!, ids[b]!));
  const repeated = order.find((row, i) => i > 0 && ids[row] === ids[order[i - 1]!]);
  if (repeated !== undefined)
    throw inputError("duplicate-id", "two documents have the same id", { found: ids[repeated]! });
  const { product, close } = await openProducts(dimension, engine);

  return {
    async search(queries, k, progress = noProgress) {
      if (queries.length % dimension !== 0)
        throw inputError("bad-vectors", "the query vectors have another dimension than the corpus", {
          found: `${queries.length} values`,
          expected: `a multiple of ${dimension}`,
        });
      const ready = queries.slice();
      prepareRows(ready, dimension, similarity, (row) => `query vector ${row}`);
      const count = ready.length / dimension;
      const best = Array.from({ length: count }, () => topK(k));
      for (let start = 0; start < order.length; start += blockDocuments) {
        const rows = order.subarray(start, start + blockDocuments);
        const documents = new Float32Array(16 * Math.ceil(rows.length / 16) * dimension);
        await corpus.read(rows, documents);
        prepareRows(documents, dimension, similarity, (row) => `document ${ids[rows[row]!]}`);
        for (let first = 0; first < count; first += blockQueries) {
          const part = queryBlock(ready, first, dimension);
          const scores = await product(part, documents);
          const width = documents.length / dimension;
          for (let query = first; query < Math.min(count, first + blockQueries); query++) {
            offerRow(best[query]!, scores, (query - first) * width, rows.length, start);
            if (query % blockOwn === blockOwn - 1) await setImmediate();
          }
        }
        progress({ stage: "search", done: start + rows.length, total: order.length });
      }
      const found: Hits[] = [];
      for (const one of best) {
        const { rows, scores } = one.drain();
        found.push({ ids: Array.from(rows, (row) => ids[order[row]!]!), scores });
        if (found.length % blockOwn === 0) await setImmediate();
      }
      return found;
    },
    close,
  };
}

/** Some query vectors, never a single one: a lone row is computed by another kernel and could differ in its last bits. */
function queryBlock(queries: Float32Array, first: number, dimension: number): Float32Array {
  const part = queries.subarray(first * dimension, (first + blockQueries) * dimension);
  if (part.length > dimension) return part;
  const padded = new Float32Array(2 * dimension);
  padded.set(part);
  return padded;
}

function offerRow(
  best: ReturnType<typeof topK>,
  scores: Float32Array | Float64Array,
  offset: number,
  count: number,
  firstRow: number,
): void {
  let floor = best.floor();
  for (let i = 0; i < count; i++) {
    const score = scores[offset + i]!;
    // Rows come in order, so an equal score cannot displace a kept row.
    if (score <= floor) continue;
    if (!Number.isFinite(score))
      throw workError("non-finite", "a similarity is not a finite number: the vectors are too long for their product");
    best.offer(firstRow + i, score);
    floor = best.floor();
  }
}
