import { inputError, workError } from "../base/errors.js";
import type { Similarity } from "../base/types.js";

/** Vectors with ids, read when they are needed: from memory, a file or a cache. */
export interface VectorSource {
  readonly ids: readonly string[];
  readonly dimension: number;
  /** Copies the vectors of these rows into `into`, one after the other. */
  read(rows: Int32Array, into: Float32Array): void | Promise<void>;
}

/** Vectors in memory, row-major [ids, dimension]. */
export function vectorSource(ids: readonly string[], data: Float32Array, dimension: number): VectorSource {
  if (!(Number.isInteger(dimension) && dimension >= 1) || data.length !== ids.length * dimension)
    throw inputError("bad-vectors", "the vectors do not fill their shape", {
      found: `${data.length} values`,
      expected: `${ids.length} × ${dimension}`,
    });
  return {
    ids,
    dimension,
    read(rows, into) {
      rows.forEach((row, i) => {
        into.set(data.subarray(row * dimension, (row + 1) * dimension), i * dimension);
      });
    },
  };
}

/**
 * Makes rows ready for a product, in place: for `cosine` each is divided by its length (zero vectors stay zero and so have similarity 0 with
 * everything). Throws on a row that is not finite, with the name that `nameOf` gives it.
 */
export function prepareRows(
  data: Float32Array | Float64Array,
  dimension: number,
  similarity: Similarity,
  nameOf: (row: number) => string,
): void {
  for (let start = 0, row = 0; start < data.length; start += dimension, row++) {
    let squares = 0;
    for (let i = start; i < start + dimension; i++) squares += data[i]! * data[i]!;
    if (!Number.isFinite(squares))
      throw workError("non-finite", "a vector holds values that are not finite numbers", { found: nameOf(row) });
    if (similarity === "dot" || squares === 0) continue;
    const factor = 1 / Math.sqrt(squares);
    for (let i = start; i < start + dimension; i++) data[i]! *= factor;
  }
}
