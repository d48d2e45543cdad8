import { type Rng, rng } from "../base/rng.js";

/** An interval from `low` to `high`. */
export interface Interval {
  readonly low: number;
  readonly high: number;
}

/**
 * Means of columns over resampled rows (Efron's bootstrap): row r of the result holds one resample's mean of each column. All columns see the
 * same draws, so the difference of two of them is the mean of the paired differences.
 * `columns` are vectors of n values, n ≥ 1; the result is row-major [resamples, columns].
 */
export function resampledMeans(columns: readonly Float64Array[], resamples: number, seed: number): Float64Array {
  const generator: Rng = rng(seed, "bootstrap");
  const width = columns.length;
  const rows = columns[0]?.length ?? 0;
  const table = interleave(columns);
  const means = new Float64Array(resamples * width);
  const sums = new Float64Array(width);
  for (let resample = 0; resample < resamples; resample++) {
    sums.fill(0);
    for (let draw = 0; draw < rows; draw++) {
      const start = generator.int(rows) * width;
      for (let column = 0; column < width; column++) sums[column]! += table[start + column]!;
    }
    for (let column = 0; column < width; column++) means[resample * width + column] = sums[column]! / rows;
  }
  return means;
}

/** The columns as the rows of one table, so that a row lies together in memory. */
export function interleave(columns: readonly Float64Array[]): Float64Array {
  const table = new Float64Array(columns.length * (columns[0]?.length ?? 0));
  columns.forEach((values, column) => {
    values.forEach((value, row) => {
      table[row * columns.length + column] = value;
    });
  });
  return table;
}

/** The middle 95 % of values: their 2.5th and 97.5th percentile, interpolated linearly. Sorts the values in place; NaN without any. */
export function middle95(values: Float64Array): Interval {
  values.sort();
  return { low: quantile(values, 0.025), high: quantile(values, 0.975) };
}

function quantile(sorted: Float64Array, p: number): number {
  const at = p * (sorted.length - 1);
  const below = sorted[Math.floor(at)] ?? Number.NaN;
  const above = sorted[Math.ceil(at)] ?? Number.NaN;
  return below + (above - below) * (at - Math.floor(at));
}

/** 95 % bootstrap interval of the mean of n ≥ 1 values. */
export function bootstrapMean(values: Float64Array, seed: number, resamples = 10_000): Interval {
  return middle95(resampledMeans([values], resamples, seed));
}
