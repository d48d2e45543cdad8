import { inputError } from "../base/errors.js";
import { noProgress, type Progress } from "../base/progress.js";
import type { Similarity } from "../base/types.js";
import type { Engine } from "../engine/types.js";
import { openProducts, type Vectors } from "../search/products.js";
import { prepareRows } from "../search/vector-source.js";
import { type ItemLabels, labelIndex } from "./labels.js";

/** Vectors with labels. */
export interface LabelledVectors {
  /** Row-major [items, dimension]. */
  readonly vectors: Vectors;
  /** One entry an item. */
  readonly labels: readonly ItemLabels[];
}

export interface MatchRankOptions {
  readonly queries: LabelledVectors;
  /** What is searched. Absent: the queries themselves, each without itself (leave-one-out). */
  readonly references?: LabelledVectors | undefined;
  readonly dimension: number;
  /** `l2`: the nearest first; the others: the most similar first. */
  readonly similarity: Similarity | "l2";
  /** Computes products in float32; without it in float64, for a few thousand items. */
  readonly engine?: Engine | undefined;
  readonly progress?: Progress | undefined;
}

/** Scores in memory at a time: 32 MiB. */
const blockScores = 2 ** 22;
const blockReferences = 2048;

/**
 * For each query the ranks (from 1, ascending) of the references that share a label with it, among all references by similarity, then by row. A lone
 * query, whose labels nobody else has, gets an empty list. Time O(queries × references × dimension); of the scores a block is in memory.
 * Throws on vectors that do not fill their shape or are not finite, with the row.
 */
export async function matchRanks(options: MatchRankOptions): Promise<readonly Int32Array[]> {
  const { queries, dimension, similarity, engine, progress = noProgress } = options;
  const references = options.references ?? queries;
  const itself = options.references === undefined;
  const q = prepared(queries, dimension, similarity, "query");
  const r = itself ? q : prepared(references, dimension, similarity, "reference");
  const index = labelIndex(references.labels);
  const width = references.labels.length;
  const { product, close } = await openProducts(dimension, engine);
  try {
    const ranks: Int32Array[] = [];
    const height = Math.max(1, Math.min(512, Math.floor(blockScores / Math.max(1, width))));
    const scores = new Float64Array(height * width);
    const ranker = createRanker(width);
    for (let first = 0; first < queries.labels.length; first += height) {
      const count = Math.min(height, queries.labels.length - first);
      const rows = padded(q.vectors.subarray(first * dimension, (first + count) * dimension), 2 * dimension);
      for (let start = 0; start < width; start += blockReferences) {
        const part = padded(
          r.vectors.subarray(start * dimension, (start + blockReferences) * dimension),
          16 * dimension,
        );
        const products = await product(rows, part);
        const columns = part.length / dimension;
        for (let row = 0; row < count; row++) {
          for (let column = start; column < Math.min(width, start + blockReferences); column++) {
            const value = products[row * columns + column - start]!;
            scores[row * width + column] = similarity === "l2" ? 2 * value - r.squares[column]! : value;
          }
        }
      }
      for (let row = 0; row < count; row++) {
        const query = first + row;
        const own = scores.subarray(row * width, (row + 1) * width);
        ranks.push(ranker(own, index.matches(queries.labels[query]!), itself ? query : -1));
      }
      progress({ stage: "measure", done: first + count, total: queries.labels.length });
    }
    return ranks;
  } finally {
    await close();
  }
}

/** A copy of the vectors, of length 1 for cosine, with their squared lengths. */
function prepared(
  { vectors, labels }: LabelledVectors,
  dimension: number,
  similarity: Similarity | "l2",
  name: string,
): { readonly vectors: Vectors; readonly squares: Float64Array } {
  if (vectors.length !== labels.length * dimension)
    throw inputError("bad-vectors", "the vectors do not fill their shape", {
      found: `${vectors.length} values`,
      expected: `${labels.length} labels × ${dimension}`,
    });
  const ready = vectors.slice();
  prepareRows(ready, dimension, similarity === "cosine" ? "cosine" : "dot", (row) => `${name} ${row}`);
  const squares = new Float64Array(labels.length);
  for (let i = 0; i < ready.length; i++) squares[Math.floor(i / dimension)]! += ready[i]! * ready[i]!;
  return { vectors: ready, squares };
}

/** The rows, filled up with zeros to a multiple of `unit` values: a product of odd sizes is computed by other kernels and may differ in its last bits. */
function padded(rows: Vectors, unit: number): Vectors {
  const length = unit * Math.ceil(rows.length / unit);
  if (length === rows.length) return rows;
  const filled = rows instanceof Float32Array ? new Float32Array(length) : new Float64Array(length);
  filled.set(rows);
  return filled;
}

/** Ranks of matches in one row of scores; `self` is a reference that does not count, or −1. */
function createRanker(width: number): (scores: Float64Array, matches: Int32Array, self: number) => Int32Array {
  const isMatch = new Uint8Array(width);
  return (scores, matches, self) => {
    const before = (a: number, b: number): number => scores[b]! - scores[a]! || a - b;
    const sorted = matches.filter((row) => row !== self).sort(before);
    if (sorted.length === 0) return sorted;
    for (const row of matches) isMatch[row] = 1;
    // ahead[i]: references that come after match i − 1 and before match i.
    const ahead = new Int32Array(sorted.length);
    const last = sorted[sorted.length - 1]!;
    for (let row = 0; row < width; row++) {
      if (isMatch[row] === 1 || before(row, last) > 0 || row === self) continue;
      let low = 0;
      for (let high = sorted.length - 1; low < high; ) {
        const middle = (low + high) >> 1;
        if (before(sorted[middle]!, row) < 0) low = middle + 1;
        else high = middle;
      }
      ahead[low]! += 1;
    }
    for (const row of matches) isMatch[row] = 0;
    let others = 0;
    return sorted.map((_, i) => {
      others += ahead[i]!;
      return i + 1 + others;
    });
  };
}
