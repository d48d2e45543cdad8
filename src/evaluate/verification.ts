import { inputError } from "../base/errors.js";
import type { VerificationPairs } from "./roc.js";

export interface FoldOptions extends VerificationPairs {
  /** Fold of each pair, 0 … folds − 1. */
  readonly folds: ArrayLike<number>;
  /** Share of different pairs that may be accepted; default 0.001. */
  readonly farTarget?: number;
}

/** What one fold gave with the thresholds that the other folds chose. */
export interface VerifiedFold {
  readonly accuracy: number;
  readonly threshold: number;
  /** Share of same, and of different pairs below `valThreshold`. */
  readonly val: number;
  readonly far: number;
  readonly valThreshold: number;
}

export interface Verification {
  readonly folds: readonly VerifiedFold[];
  /** Means and standard deviations (of the population) over the folds. */
  readonly accuracy: MeanAndDeviation;
  readonly val: MeanAndDeviation;
  readonly far: MeanAndDeviation;
}

export interface MeanAndDeviation {
  readonly mean: number;
  readonly deviation: number;
}

/** Accepted pairs below each threshold of a grid. */
interface Counts {
  readonly same: Float64Array;
  readonly different: Float64Array;
  readonly sameTotal: number;
  readonly differentTotal: number;
}

const accuracyGrid = Float64Array.from({ length: 400 }, (_, i) => i / 100);
const valGrid = Float64Array.from({ length: 4000 }, (_, i) => i / 1000);

/**
 * Verification by folds, after LFW's protocol (Huang et al. 2007) as FaceNet measures it: a pair is accepted where its distance is below a threshold, which
 * the other folds choose. For accuracy from 0, 0.01 … 3.99, the first of the best. For VAL at FAR from 0, 0.001 … 3.999, where FAR reaches its target,
 * interpolated between the last threshold that keeps it and the next; 0 where it is never reached. The grids are made for squared distances of unit vectors, 0 … 4.
 * Throws where a fold, or all others, lack a kind of pair.
 */
export function verifyByFolds({ distances, same, folds, farTarget = 0.001 }: FoldOptions): Verification {
  const count = Array.from(folds).reduce((most, fold) => Math.max(most, fold), -1) + 1;
  const rowsOf = (fold: number): number[] => Array.from(folds, (_, i) => i).filter((i) => folds[i] === fold);
  const counted = (grid: Float64Array): Counts[] =>
    Array.from({ length: count }, (_, fold) => countBelow(grid, distances, same, rowsOf(fold), fold));
  const accuracyCounts = counted(accuracyGrid);
  const valCounts = counted(valGrid);
  const results = accuracyCounts.map((held, fold): VerifiedFold => {
    const others = total(accuracyCounts.filter((_, other) => other !== fold));
    const accuracies = accuracyGrid.map((_, at) => accuracyAt(others, at));
    const best = accuracies.indexOf(accuracies.reduce((a, b) => Math.max(a, b)));
    const valThreshold = thresholdAtFar(total(valCounts.filter((_, other) => other !== fold)), farTarget);
    const below = countBelow(Float64Array.of(valThreshold), distances, same, rowsOf(fold), fold);
    return {
      accuracy: accuracyAt(held, best),
      threshold: accuracyGrid[best]!,
      val: below.same[0]! / below.sameTotal,
      far: below.different[0]! / below.differentTotal,
      valThreshold,
    };
  });
  const over = (of: (fold: VerifiedFold) => number): MeanAndDeviation => meanAndDeviation(results.map(of));
  return {
    folds: results,
    accuracy: over((one) => one.accuracy),
    val: over((one) => one.val),
    far: over((one) => one.far),
  };
}

function countBelow(
  grid: Float64Array,
  distances: ArrayLike<number>,
  same: VerificationPairs["same"],
  rows: readonly number[],
  fold: number,
): Counts {
  const sorted = (wanted: boolean): number[] =>
    rows
      .filter((i) => Boolean(same[i]) === wanted)
      .map((i) => distances[i]!)
      .sort((a, b) => a - b);
  const [of, other] = [sorted(true), sorted(false)];
  if (of.length === 0 || other.length === 0)
    throw inputError("one-sided-pairs", "a fold of verification needs same and different pairs", {
      found: `fold ${fold}: ${of.length} same, ${other.length} different`,
    });
  return { same: below(of, grid), different: below(other, grid), sameTotal: of.length, differentTotal: other.length };
}

/** How many of the sorted values lie below each threshold. */
function below(sorted: readonly number[], grid: Float64Array): Float64Array {
  let count = 0;
  return grid.map((threshold) => {
    while (count < sorted.length && sorted[count]! < threshold) count++;
    return count;
  });
}

function total(parts: readonly Counts[]): Counts {
  const sum = (of: (one: Counts) => Float64Array): Float64Array =>
    parts.map(of).reduce((a, b) => a.map((value, i) => value + b[i]!));
  const add = (of: (one: Counts) => number): number => parts.reduce((a, one) => a + of(one), 0);
  return {
    same: sum((one) => one.same),
    different: sum((one) => one.different),
    sameTotal: add((one) => one.sameTotal),
    differentTotal: add((one) => one.differentTotal),
  };
}

function accuracyAt({ same, different, sameTotal, differentTotal }: Counts, at: number): number {
  return (same[at]! + differentTotal - different[at]!) / (sameTotal + differentTotal);
}

function thresholdAtFar({ different, differentTotal }: Counts, target: number): number {
  const rates = different.map((count) => count / differentTotal);
  if (rates.every((rate) => rate < target)) return 0;
  const low = Math.max(
    0,
    rates.findLastIndex((rate) => rate <= target),
  );
  const high = Math.min(low + 1, rates.length - 1);
  const gap = rates[high]! - rates[low]!;
  const step = gap > 0 ? Math.max(0, target - rates[low]!) / gap : 0;
  return valGrid[low]! + step * (valGrid[high]! - valGrid[low]!);
}

function meanAndDeviation(values: readonly number[]): MeanAndDeviation {
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  const variance = values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / values.length;
  return { mean, deviation: Math.sqrt(variance) };
}
