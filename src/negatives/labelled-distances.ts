import type { Engine } from "../engine/types.js";
import { openProducts, type Vectors } from "../search/products.js";
import { prepareRows } from "../search/vector-source.js";

/** References of one product: a multiple of 16, so that no thread is left with a single column. */
const blockReferences = 2048;

export interface DistanceOptions {
  /** Row-major [rows, dimension]. */
  readonly vectors: Vectors;
  readonly dimension: number;
  readonly metric: "cosine" | "l2";
  readonly engine?: Engine | undefined;
  /** Names a row in an error. */
  readonly nameOf: (row: number) => string;
}

/** Distances of rows, never all of them at once. */
export interface Distances {
  /** Shows each pair of an anchor (by its place in the list) and a reference, references in their order. */
  scan(
    anchors: Int32Array,
    references: Int32Array,
    visit: (place: number, reference: number, distance: number) => void,
  ): Promise<void>;
  /** One distance, in float64 whatever computes the products. */
  exact(a: number, b: number): number;
  close(): Promise<void>;
}

/** Takes distances from products of blocks. Throws on vectors that are not finite. */
export async function openDistances({
  vectors,
  dimension,
  metric,
  engine,
  nameOf,
}: DistanceOptions): Promise<Distances> {
  const rows = vectors.slice();
  prepareRows(rows, dimension, metric === "cosine" ? "cosine" : "dot", nameOf);
  const squares = metric === "cosine" ? null : squaredLengths(rows, dimension);
  const distanceOf = (a: number, b: number, score: number): number =>
    squares === null ? 1 - score : Math.sqrt(Math.max(0, (squares[a] ?? 0) + (squares[b] ?? 0) - 2 * score));
  const products = await openProducts(dimension, engine);
  return {
    async scan(anchors, references, visit) {
      // Never a single row: it is computed by another kernel and could differ in its last bits.
      const own = take(rows, dimension, anchors, Math.max(2, anchors.length));
      for (let start = 0; start < references.length; start += blockReferences) {
        const block = references.subarray(start, start + blockReferences);
        const width = 16 * Math.ceil(block.length / 16);
        const scores = await products.product(own, take(rows, dimension, block, width));
        anchors.forEach((anchor, place) => {
          block.forEach((reference, j) => {
            visit(place, reference, distanceOf(anchor, reference, scores[place * width + j] ?? Number.NaN));
          });
        });
      }
    },
    exact(a, b) {
      let sum = 0;
      for (let i = 0; i < dimension; i++) {
        const [x, y] = [rows[a * dimension + i] as number, rows[b * dimension + i] as number];
        sum += metric === "cosine" ? x * y : (x - y) ** 2;
      }
      return metric === "cosine" ? 1 - sum : Math.sqrt(sum);
    },
    close: () => products.close(),
  };
}

function squaredLengths(rows: Vectors, dimension: number): Float64Array {
  return Float64Array.from({ length: rows.length / dimension }, (_, row) => {
    let sum = 0;
    for (let i = row * dimension; i < (row + 1) * dimension; i++) sum += (rows[i] as number) ** 2;
    return sum;
  });
}

/** These rows as one block of `length` rows, zeros behind them. */
function take(rows: Vectors, dimension: number, places: Int32Array, length: number): Vectors {
  const block =
    rows instanceof Float32Array ? new Float32Array(length * dimension) : new Float64Array(length * dimension);
  places.forEach((place, i) => {
    block.set(rows.subarray(place * dimension, (place + 1) * dimension), i * dimension);
  });
  return block;
}
