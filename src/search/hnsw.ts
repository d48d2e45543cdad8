import { availableParallelism } from "node:os";
import { setImmediate } from "node:timers/promises";
import type { Index } from "usearch";
import { inputError } from "../base/errors.js";
import { noProgress, type Progress } from "../base/progress.js";
import { type Rng, rng } from "../base/rng.js";
import { compareCodePoints } from "../base/text.js";
import type { Hits, Similarity } from "../base/types.js";
import { dot } from "../engine/nearest.js";
import type { Engine } from "../engine/types.js";
import { createExactIndex, otherDimension } from "./exact.js";
import type { IndexReport, VectorIndex } from "./vector-index.js";
import { prepareRows, type VectorSource } from "./vector-source.js";

/** Parameters of the graph, by usearch's names for those of Malkov and Yashunin (2018). */
export interface HnswParams {
  /** Neighbours of a node (M). */
  readonly connectivity: number;
  /** Nodes that are looked at to add one (efConstruction). */
  readonly "expansion-add": number;
  /** Nodes that are looked at to answer a query (ef); never fewer than it asks for. */
  readonly "expansion-search": number;
  /** Queries on which recall is measured; 0: it is not. */
  readonly sample: number;
}

export const hnswDefaults: HnswParams = {
  connectivity: 16,
  "expansion-add": 128,
  "expansion-search": 128,
  sample: 100,
};

export interface HnswOptions {
  /** Computes what recall is measured against. */
  readonly engine: Engine;
  readonly similarity: Similarity;
  readonly params?: Partial<HnswParams>;
  readonly seed?: number;
  readonly threads?: number | undefined;
  readonly progress?: Progress | undefined;
}

/** Documents that are read and added at a time, and queries whose hits are read. */
const [atOnce, queriesAtOnce] = [2048, 64];

/**
 * Approximate nearest neighbours in a hierarchical navigable small world (Malkov and Yashunin 2018), by usearch. Vectors are kept in half precision and added by one thread in the order
 * of their ids, so the same documents make the same graph; scores are those of the exact search, of the vectors as they are. Throws `missing-package` without usearch.
 */
export async function createHnswIndex(
  corpus: VectorSource,
  { engine, similarity, params, seed = 1, threads = availableParallelism(), progress = noProgress }: HnswOptions,
): Promise<VectorIndex> {
  const { ids, dimension } = corpus;
  const all = { ...hnswDefaults, ...params };
  const order = Int32Array.from(ids.keys()).sort((a, b) => compareCodePoints(ids[a]!, ids[b]!));
  const graph = await openGraph(dimension, all);
  const documents = new Float32Array(atOnce * dimension);
  for (let start = 0, count = 0; start < order.length; start += count) {
    // The graph makes room, and learns how many threads may search it, at an addition that does not fit: one that is of a single row is the same on
    // any number of threads.
    const room = Number(graph.capacity()) - start - 1;
    count = Math.max(1, Math.min(atOnce, room));
    const rows = order.subarray(start, start + count);
    const some = documents.subarray(0, rows.length * dimension);
    await corpus.read(rows, some);
    prepareRows(some, dimension, similarity, (row) => `document ${ids[rows[row]!]}`);
    graph.add(BigUint64Array.from(rows, BigInt), some, room < 1 ? threads : 1);
    progress({ stage: "index", done: start + rows.length, total: order.length });
    await setImmediate();
  }
  const sample = reservoir<Answer>(all.sample, rng(seed, "recall"));

  /** Rows of some documents, ready for products. */
  const read = async (rows: Int32Array): Promise<Float32Array> => {
    const vectors = new Float32Array(rows.length * dimension);
    await corpus.read(rows, vectors);
    prepareRows(vectors, dimension, similarity, (row) => `document ${ids[rows[row]!]}`);
    return vectors;
  };

  const answer = async (queries: Float32Array, k: number): Promise<Hits[]> => {
    const found = graph.search(queries, Math.min(k, ids.length), threads);
    const counts = "counts" in found ? Array.from(found.counts as BigUint64Array, Number) : [found.keys.length];
    const width = found.keys.length / counts.length;
    const lists = counts.map((count, i) => Array.from(found.keys.subarray(i * width, i * width + count), Number));
    const distinct = Int32Array.from(new Set(lists.flat())).sort();
    const placeOf = new Map(Array.from(distinct, (row, i) => [row, i * dimension]));
    const vectors = await read(distinct);
    return lists.map((rows, i) => {
      const hits = rows.map((row) => ({
        id: ids[row]!,
        score: dot(queries, vectors, i * dimension, placeOf.get(row)!, dimension),
      }));
      hits.sort((a, b) => b.score - a.score || compareCodePoints(a.id, b.id));
      return { ids: hits.map(({ id }) => id), scores: Float64Array.from(hits, ({ score }) => score) };
    });
  };

  return {
    async search(queries, k, searching = noProgress) {
      if (queries.length % dimension !== 0) throw otherDimension(queries.length, dimension);
      const ready = queries.slice();
      prepareRows(ready, dimension, similarity, (row) => `query vector ${row}`);
      const found: Hits[] = [];
      for (let start = 0; start < ready.length; start += queriesAtOnce * dimension) {
        const some = ready.slice(start, start + queriesAtOnce * dimension);
        for (const [i, hits] of (await answer(some, k)).entries()) {
          sample.offer(() => ({ query: some.slice(i * dimension, (i + 1) * dimension), k, hits }));
          found.push(hits);
        }
        searching({ stage: "search", done: found.length, total: ready.length / dimension });
        await setImmediate();
      }
      return found;
    },
    async report(): Promise<IndexReport> {
      const answers = sample.kept();
      const report = { kind: "hnsw", params: { ...all } } as const;
      if (answers.length === 0) return report;
      const exact = await createExactIndex(corpus, { engine, similarity, precision: "int8", residentBytes: 0 });
      const at = Math.max(...answers.map(({ k }) => k));
      const queries = new Float32Array(answers.length * dimension);
      for (const [i, { query }] of answers.entries()) queries.set(query, i * dimension);
      const wanted = await exact.search(queries, at);
      const recalls = answers.map(({ hits, k }, i) => recallOf(hits, wanted[i]!, k));
      const mean = recalls.reduce((sum, one) => sum + one, 0) / recalls.length;
      return { ...report, recall: { mean, least: Math.min(...recalls), at, queries: recalls.length } };
    },
    close: async () => undefined,
  };
}

interface Answer {
  readonly query: Float32Array;
  readonly k: number;
  readonly hits: Hits;
}

/** The share of the best k that was found; a hit as good as the k-th counts. */
function recallOf(hits: Hits, wanted: Hits, k: number): number {
  const count = Math.min(k, wanted.ids.length);
  const last = wanted.scores[count - 1] ?? 0;
  return count === 0 ? 1 : Math.min(count, hits.scores.filter((score) => score >= last).length) / count;
}

async function openGraph(dimension: number, params: HnswParams): Promise<Index> {
  const usearch = await import("usearch").catch((error: unknown) => {
    throw inputError("missing-package", "an hnsw index needs the package usearch", {
      found: error instanceof Error ? error.message.split("\n")[0]! : String(error),
      hint: "npm install usearch",
    });
  });
  return new usearch.Index({
    dimensions: dimension,
    metric: usearch.MetricKind.IP,
    quantization: usearch.ScalarKind.F16,
    connectivity: params.connectivity,
    expansion_add: params["expansion-add"],
    expansion_search: params["expansion-search"],
    multi: false,
  });
}

/** Keeps a uniform sample of what it is offered (Vitter 1985, algorithm R). */
function reservoir<T>(size: number, random: Rng) {
  const held: T[] = [];
  let offered = 0;
  return {
    offer(make: () => T): void {
      const place = offered < size ? offered : random.int(offered + 1);
      offered++;
      if (place < size) held[place] = make();
    },
    kept: (): readonly T[] => held,
  };
}
