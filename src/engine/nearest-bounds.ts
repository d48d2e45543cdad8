import { workError } from "../base/errors.js";
import type { Int8Rows } from "./quantise.js";

/** How long the rows of a set are at most, and how far at most from their 8-bit form. */
export interface Extent {
  readonly length: number;
  readonly error: number;
}

/** Relative rounding of a float32 operation. */
const rounding = 2 ** -24;

/**
 * For each query: how many of its units an approximation can be from the exact product, what an approximation of 1 stands for, and
 * how great one can be. What quantising moves is bounded by Cauchy and
 * Schwarz, |q·d − q̂·d̂| ≤ |q − q̂| |d| + |q̂| |d − d̂|; what n roundings move by γ = n u / (1 − n u) times the lengths (Higham 2002, §3.1). Throws where a float32 product could overflow.
 */
export function approximationBounds(
  queries: Float32Array,
  dimension: number,
  among: readonly Extent[],
  small: Int8Rows | null,
): { readonly slacks: Float64Array; readonly units: Float64Array; readonly ranges: Float64Array } {
  const length = greatest(among.map((held) => held.length));
  const error = greatest(among.map((held) => held.error));
  // Products and sums of any order; a few more roundings for thresholds that are kept in float32.
  const operations = small === null ? dimension + 8 : 8;
  const gamma = (operations * rounding) / (1 - operations * rounding);
  const lengths = lengthsOf(queries, dimension);
  const slacks = new Float64Array(lengths.length);
  const units = new Float64Array(lengths.length).fill(1);
  const ranges = new Float64Array(lengths.length);
  for (const [i, own] of lengths.entries()) {
    if (!(own * length <= 2 ** 126)) throw tooLong();
    ranges[i] = own * length;
    if (small === null) {
      slacks[i] = gamma * own * length + dimension * 2 ** -126;
      continue;
    }
    const unit = small.steps[i]! || 1;
    const reached = small.lengths[i]!;
    const moved = small.errors[i]! * length + reached * error;
    units[i] = unit;
    ranges[i] = (reached * (length + error)) / unit;
    slacks[i] = (moved + gamma * (reached * (length + error) + own * length)) / unit + 2 ** -100;
  }
  // What these sums in float64 have lost themselves.
  return { slacks: slacks.map((slack) => slack * (1 + 1e-9)), units, ranges };
}

function tooLong() {
  return workError("non-finite", "a similarity is not a finite number: the vectors are too long for their product");
}

/** Euclidean lengths of rows. */
export function lengthsOf(rows: Float32Array, dimension: number): Float64Array {
  return Float64Array.from({ length: rows.length / dimension }, (_, row) => {
    let squares = 0;
    for (let i = row * dimension; i < (row + 1) * dimension; i++) squares += rows[i]! ** 2;
    return Math.sqrt(squares);
  });
}

export function greatest(values: ArrayLike<number>): number {
  let most = 0;
  for (let i = 0; i < values.length; i++) most = Math.max(most, values[i]!);
  return most;
}
