import { setImmediate } from "node:timers/promises";
import { inputError, workError } from "../base/errors.js";
import { noProgress, type Progress } from "../base/progress.js";
import { compareCodePoints } from "../base/text.js";
import type { Hits, Similarity } from "../base/types.js";
import type { Engine } from "../engine/types.js";
import { GROUP, type HeldBlock, openProducts } from "./products.js";
import { type TopK, topK } from "./top-k.js";
import { prepareRows, type VectorSource } from "./vector-source.js";

/** Documents of one product. A multiple of 16, so that no thread of a product is left with a single column. */
const blockDocuments = 2048;
/** Queries of one product: with the documents, the scores of one are 4 MiB. */
const blockQueries = 512;
/** A corpus of at most so many bytes stays with the engine, prepared, from its first search on. */
const residentBytes = 2 ** 30;
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
 * Exact nearest neighbours. A corpus of up to 1 GiB is kept by the engine; a larger one streams through in blocks, so memory is bounded by a block and by k a query. Throws on repeated ids,
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
  const products = await openProducts(dimension, engine);
  const starts = Array.from({ length: Math.ceil(order.length / blockDocuments) }, (_, i) => i * blockDocuments);
  const resident = order.length * dimension * Float32Array.BYTES_PER_ELEMENT <= residentBytes;
  const held = new Map<number, HeldBlock>();

  /** A block ready for products: read and prepared anew, or as it was kept where the corpus is small enough. */
  const open = async (start: number): Promise<HeldBlock> => {
    const known = held.get(start);
    if (known !== undefined) return known;
    const rows = order.subarray(start, start + blockDocuments);
    const documents = new Float32Array(GROUP * Math.ceil(rows.length / GROUP) * dimension);
    await corpus.read(rows, documents);
    prepareRows(documents, dimension, similarity, (row) => `document ${ids[rows[row]!]}`);
    const block = await products.hold(documents);
    if (resident) held.set(start, block);
    return block;
  };
  const leave = (block: HeldBlock) => (resident ? undefined : block.release());

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
      const firsts = Array.from({ length: Math.ceil(count / blockQueries) }, (_, i) => i * blockQueries);
      const parts = firsts.map((first) => queryBlock(ready, first, dimension));
      // While this thread looks through the scores of one product, the engine works on the next.
      const look = async (start: number, first: number, found: Scored) => {
        const here = Math.min(blockDocuments, order.length - start);
        for (let query = first; query < Math.min(count, first + blockQueries); query++) {
          offerRow(best[query]!, found, query - first, here, start);
          if (query % blockOwn === blockOwn - 1) await setImmediate();
        }
      };
      let looking: Promise<void> = Promise.resolve();
      for (const start of starts) {
        const block = await open(start);
        for (const [i, first] of firsts.entries()) {
          const [found] = await Promise.all([block.grouped(parts[i]!), looking]);
          looking = look(start, first, found);
          // Its failure is thrown by the next wait.
          looking.catch(() => undefined);
        }
        await leave(block);
        progress({ stage: "search", done: Math.min(order.length, start + blockDocuments), total: order.length });
      }
      await looking;
      const found: Hits[] = [];
      for (const one of best) {
        const { rows, scores } = one.drain();
        found.push({ ids: Array.from(rows, (row) => ids[order[row]!]!), scores });
        if (found.length % blockOwn === 0) await setImmediate();
      }
      return found;
    },
    async close() {
      for (const block of held.values()) await block.release();
      held.clear();
      await products.close();
    },
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

type Scored = Awaited<ReturnType<HeldBlock["grouped"]>>;

/** Offers the scores of one query with the documents `firstRow` … of a block; groups that cannot hold a better one are passed over. */
function offerRow(best: TopK, { scores, greatest }: Scored, query: number, count: number, firstRow: number): void {
  const groups = Math.ceil(count / GROUP);
  let floor = best.floor();
  for (let group = 0; group < groups; group++) {
    const highest = greatest[query * groups + group]!;
    if (highest <= floor) continue;
    const offset = (query * groups + group) * GROUP;
    const first = group * GROUP;
    for (let i = 0; i < Math.min(GROUP, count - first); i++) {
      const score = scores[offset + i]!;
      // Rows come in order, so an equal score cannot displace a kept row.
      if (score <= floor) continue;
      if (!Number.isFinite(score))
        throw workError(
          "non-finite",
          "a similarity is not a finite number: the vectors are too long for their product",
        );
      best.offer(firstRow + first + i, score);
      floor = best.floor();
    }
  }
}
