import { setImmediate } from "node:timers/promises";
import { chunks } from "../base/chunks.js";
import { inputError } from "../base/errors.js";
import { noProgress } from "../base/progress.js";
import { compareCodePoints } from "../base/text.js";
import type { Hits, Similarity } from "../base/types.js";
import { createPlainSearcher } from "../engine/nearest.js";
import type { Engine, HeldVectors, NearestRows, SearchPrecision } from "../engine/types.js";
import { topK } from "./top-k.js";
import type { VectorIndex } from "./vector-index.js";
import { prepareRows, type VectorSource } from "./vector-source.js";

/** Documents of one product: with the queries the engine takes at once, its scores are 4 MiB. */
const blockDocuments = 2048;
/** Blocks that the engine searches in one call: of a corpus that stays, and of one that streams through. */
const blocksAtOnce = { resident: 64, streamed: 8 } as const;
/** Queries of one call. */
const queriesAtOnce = 512;
/** Queries that this thread looks after before it lets other work pass. */
const ownQueries = 64;

export interface ExactIndexOptions {
  /** Absent: plain TypeScript, for a few thousand small products at most. */
  readonly engine?: Engine;
  readonly similarity: Similarity;
  /** What the products that candidates are found by are computed in; hits and scores are the same. Default float32; int8 is faster. */
  readonly precision?: SearchPrecision;
  /** Bytes of a corpus that stays with the engine, prepared, from its first search on; a larger one streams through. Default 1 GiB. */
  readonly residentBytes?: number;
}

/**
 * Exact nearest neighbours: scores are products in float64 of float32 vectors, whatever found the candidates. A corpus of up to 1 GiB is kept by the engine; a larger one streams through
 * in blocks, so memory is bounded by a few blocks and by k a query. Throws on repeated ids, and at a search on vectors that are not finite, naming the
 * document's id or the query's row (from 0).
 */
export async function createExactIndex(
  corpus: VectorSource,
  { engine, similarity, precision = "float32", residentBytes = 2 ** 30 }: ExactIndexOptions,
): Promise<VectorIndex> {
  const { ids, dimension } = corpus;
  const order = idOrder(ids);
  const store = engine === undefined ? plainStore() : engineStore(engine, precision);
  const starts = Array.from({ length: Math.ceil(order.length / blockDocuments) }, (_, i) => i * blockDocuments);
  const resident = order.length * dimension * Float32Array.BYTES_PER_ELEMENT <= residentBytes;
  const groups = chunks(starts, resident ? blocksAtOnce.resident : blocksAtOnce.streamed);
  const held = new Map<number, HeldVectors>();

  /** Blocks ready for search: read and prepared anew, or as they were kept where the corpus is small enough. */
  const open = async (group: readonly number[]): Promise<readonly HeldVectors[]> => {
    for (const start of group) {
      if (held.has(start)) continue;
      const rows = order.subarray(start, start + blockDocuments);
      const documents = new Float32Array(rows.length * dimension);
      await corpus.read(rows, documents);
      prepareRows(documents, dimension, similarity, (row) => `document ${ids[rows[row]!]}`);
      held.set(start, await store.hold(documents, dimension));
    }
    return group.map((start) => held.get(start)!);
  };
  const leave = async (group: readonly number[]): Promise<void> => {
    for (const start of group) {
      await store.release(held.get(start)!);
      held.delete(start);
    }
  };

  return {
    async search(queries, k, progress = noProgress) {
      if (queries.length % dimension !== 0) throw otherDimension(queries.length, dimension);
      const ready = queries.slice();
      prepareRows(ready, dimension, similarity, (row) => `query vector ${row}`);
      const count = ready.length / dimension;
      const best = Array.from({ length: count }, () => topK(k));
      const hits: Hits[] = [];
      const hitsOf = (rows: Int32Array, scores: Float64Array) =>
        hits.push({ ids: Array.from(rows, (row) => ids[order[row]!]!), scores });
      for (const group of groups) {
        const blocks = await open(group);
        for (let first = 0; first < count; first += queriesAtOnce) {
          const some = best.slice(first, first + queriesAtOnce);
          const found = await store.nearest(
            ready.subarray(first * dimension, (first + some.length) * dimension),
            dimension,
            k,
            Float64Array.from(some, (one) => one.floor()),
            blocks,
          );
          for (const [i, one] of some.entries()) {
            const [from, to] = [found.starts[i]!, found.starts[i + 1]!];
            // One group's hits are in order as they are.
            if (groups.length === 1) hitsOf(found.rows.subarray(from, to), found.scores.slice(from, to));
            else for (let at = from; at < to; at++) one.offer(group[0]! + found.rows[at]!, found.scores[at]!);
          }
          await setImmediate();
        }
        if (!resident) await leave(group);
        progress({
          stage: "search",
          done: Math.min(order.length, group.at(-1)! + blockDocuments),
          total: order.length,
        });
      }
      while (hits.length < count) {
        const { rows, scores } = best[hits.length]!.drain();
        hitsOf(rows, scores);
        if (hits.length % ownQueries === 0) await setImmediate();
      }
      return hits;
    },
    report: async () => ({ kind: precision === "int8" ? "int8" : "exact" }),
    close: () => leave([...held.keys()]),
  };
}

/** Rows in the order of their ids: there the first of two equal scores is the one of the lower id. Throws on repeated ids. */
function idOrder(ids: readonly string[]): Int32Array {
  const order = Int32Array.from(ids.keys()).sort((a, b) => compareCodePoints(ids[a]!, ids[b]!));
  const repeated = order.find((row, i) => i > 0 && ids[row] === ids[order[i - 1]!]);
  if (repeated !== undefined)
    throw inputError("duplicate-id", "two documents have the same id", { found: ids[repeated]! });
  return order;
}

export function otherDimension(values: number, dimension: number): Error {
  return inputError("bad-vectors", "the query vectors have another dimension than the corpus", {
    found: `${values} values`,
    expected: `a multiple of ${dimension}`,
  });
}

/** Where blocks of prepared vectors are kept and searched. */
interface Store {
  hold(rows: Float32Array, dimension: number): Promise<HeldVectors>;
  nearest(
    queries: Float32Array,
    dimension: number,
    k: number,
    floors: Float64Array,
    among: readonly HeldVectors[],
  ): Promise<NearestRows>;
  release(held: HeldVectors): Promise<void>;
}

const tensor = (data: Float32Array, dimension: number) =>
  ({ dtype: "float32", shape: [data.length / dimension, dimension], data }) as const;

function engineStore(engine: Engine, precision: SearchPrecision): Store {
  return {
    hold: (rows, dimension) => engine.hold(tensor(rows, dimension), precision),
    nearest: (queries, dimension, k, floors, among) =>
      engine.nearest({ queries: tensor(queries, dimension), k, floors }, among),
    release: (held) => engine.release(held),
  };
}

function plainStore(): Store {
  const { nearest } = createPlainSearcher();
  const blocks = new Map<number, Float32Array>();
  let last = 0;
  return {
    async hold(rows, dimension) {
      blocks.set(++last, rows);
      return { id: last, rows: rows.length / dimension };
    },
    nearest: (queries, dimension, k, floors, among) =>
      nearest(
        { queries: tensor(queries, dimension), k, floors },
        among.map(({ id }) => blocks.get(id)!),
      ),
    async release({ id }) {
      blocks.delete(id);
    },
  };
}
