import { rng } from "../base/rng.js";
import { interleave } from "./bootstrap.js";

/** Outcome of a randomisation test. */
export interface RandomisationResult {
  /** Two-sided. */
  readonly p: number;
  /** One-sided: that the mean is so far above 0. */
  readonly pAbove: number;
  /** Sign patterns looked at: all 2^n of up to 12 pairs, else as many as asked for. */
  readonly resamples: number;
}

const exactUpTo = 12;

/**
 * Fisher's paired randomisation test (Smucker, Allan and Carterette 2007): how often a random choice of signs gives a mean difference
 * at least as far from 0 as the observed one. `columns` hold paired differences, n a column; all are tested with the same patterns.
 * Up to 12 pairs every pattern is counted, above that `resamples` random ones with p = (hits + 1) / (resamples + 1). Equal vectors: p = 1.
 */
export function randomisationTests(
  columns: readonly Float64Array[],
  seed: number,
  resamples = 10_000,
): RandomisationResult[] {
  const rows = columns[0]?.length ?? 0;
  const width = columns.length;
  const table = interleave(columns);
  const exact = rows <= exactUpTo;
  const generator = rng(seed, "randomisation");
  const patterns = exact ? 2 ** rows : resamples;
  const totals = columns.map((differences) => differences.reduce((sum, difference) => sum + difference, 0));
  // Means within 1e-12 of the observed one count as equal to it.
  const bounds = totals.map((total) => Math.abs(total) - 1e-12 * rows);
  const hits = new Float64Array(width);
  const above = new Float64Array(width);
  const flipped = new Float64Array(width);
  for (let pattern = 0; pattern < patterns; pattern++) {
    flipped.fill(0);
    for (let first = 0; first < rows; first += 32) {
      let bits = exact ? pattern : generator.uint32();
      if (rows - first < 32) bits &= 2 ** (rows - first) - 1;
      // Visits the set bits: those rows change sign.
      while (bits !== 0) {
        const start = (first + 31 - Math.clz32(bits & -bits)) * width;
        bits &= bits - 1;
        for (let column = 0; column < width; column++) flipped[column]! += table[start + column]!;
      }
    }
    for (let column = 0; column < width; column++) {
      const total = totals[column]! - 2 * flipped[column]!;
      if (Math.abs(total) >= bounds[column]!) hits[column]! += 1;
      if (total >= totals[column]! - 1e-12 * rows) above[column]! += 1;
    }
  }
  const share = (count: number): number => (exact ? count / patterns : (count + 1) / (patterns + 1));
  return columns.map((_, column) => ({
    p: share(hits[column]!),
    pAbove: share(above[column]!),
    resamples: patterns,
  }));
}

/** `randomisationTests` of one vector of paired differences. */
export function randomisationTest(differences: Float64Array, seed: number, resamples?: number): RandomisationResult {
  return randomisationTests([differences], seed, resamples)[0]!;
}
