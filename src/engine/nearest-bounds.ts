import { workError } from "../base/errors.js";
import type { Int8Rows } from "./quantise.js";

/** How far the 8-bit form of a set's rows is from them, at most. */
export interface Quantised {
  readonly error: number;
  /** In steps of the row; rows without a step are left out. */
  readonly errorInSteps: number;
  /** Of rows without a step. */
  readonly errorWithoutStep: number;
  readonly step: number;
}

/** And how long they are at most. */
export interface Extent extends Quantised {
  readonly length: number;
}

export const notQuantised: Quantised = { error: 0, errorInSteps: 0, errorWithoutStep: 0, step: 0 };

export function extremes({ steps, errors }: Int8Rows): Quantised {
  return {
    error: greatest(errors),
    errorInSteps: greatest(errors.map((error, row) => (steps[row] === 0 ? 0 : error / steps[row]!))),
    errorWithoutStep: greatest(errors.map((error, row) => (steps[row] === 0 ? error : 0))),
    step: greatest(steps),
  };
}

/** Relative rounding of a float32 operation. */
const rounding = 2 ** -24;

/** What an approximate product says of an exact one, for each query: it is within `slacks` of it in `units`, after `shifts` in steps of the row. */
export interface Bounds {
  readonly slacks: Float64Array;
  readonly units: Float64Array;
  readonly shifts: Int32Array;
  /** How great approximations can be, in units. */
  readonly ranges: Float64Array;
}

/**
 * What quantising moves is bounded by Cauchy and Schwarz, |q·d − q̂·d̂| ≤ |q − q̂| |d| + |q̂| |d − d̂|, where |d − d̂| is nearly the same number of d's own steps
 * for all rows; what n roundings move by γ = n u / (1 − n u) times the lengths (Higham 2002, §3.1). Throws where a float32 product could overflow.
 */
export function approximationBounds(
  queries: Float32Array,
  dimension: number,
  among: readonly Extent[],
  small: Int8Rows | null,
): Bounds {
  const most = (of: (held: Extent) => number) => greatest(among.map(of));
  const [length, error, step] = [most((held) => held.length), most((held) => held.error), most((held) => held.step)];
  const [inSteps, withoutStep] = [most((held) => held.errorInSteps), most((held) => held.errorWithoutStep)];
  // Products and sums of any order; a few more roundings for thresholds that are kept in float32.
  const operations = small === null ? dimension + 8 : 8;
  const gamma = (operations * rounding) / (1 - operations * rounding);
  const lengths = lengthsOf(queries, dimension);
  const slacks = new Float64Array(lengths.length);
  const units = new Float64Array(lengths.length).fill(1);
  const shifts = new Int32Array(lengths.length);
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
    units[i] = unit;
    shifts[i] = Math.ceil((reached / unit) * inSteps * (1 + 1e-9));
    const greatestProduct = reached * (length + error) + shifts[i]! * unit * step;
    ranges[i] = greatestProduct / unit;
    const moved = small.errors[i]! * length + reached * withoutStep;
    slacks[i] = (moved + gamma * (greatestProduct + own * length)) / unit + 2 ** -100;
  }
  // What these sums in float64 have lost themselves.
  return { slacks: slacks.map((slack) => slack * (1 + 1e-9)), units, shifts, ranges };
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
