import type { Interval } from "./bootstrap.js";
import { normalTwoSided, studentQuantile, studentTwoSided } from "./distributions.js";

export interface TTest {
  readonly t: number;
  readonly df: number;
  /** Two-sided. */
  readonly p: number;
  /** 95 % interval of the mean difference. */
  readonly interval: Interval;
  /** Cohen's d_z: mean difference over its standard deviation. */
  readonly effect: number;
}

/** Student's paired t-test on differences; null where it is undefined: fewer than 2 pairs, or no variance. */
export function pairedTTest(differences: Float64Array): TTest | null {
  const n = differences.length;
  const mean = differences.reduce((sum, x) => sum + x, 0) / n;
  const deviation = Math.sqrt(differences.reduce((sum, x) => sum + (x - mean) ** 2, 0) / (n - 1));
  // Equal differences leave rounding errors behind, no variance.
  if (n < 2 || deviation <= 1e-12 * Math.abs(mean)) return null;
  const error = deviation / Math.sqrt(n);
  const half = studentQuantile(0.05, n - 1) * error;
  const t = mean / error;
  return {
    t,
    df: n - 1,
    p: studentTwoSided(t, n - 1),
    interval: { low: mean - half, high: mean + half },
    effect: mean / deviation,
  };
}

export interface WilcoxonTest {
  /** Pairs that differ. */
  readonly pairs: number;
  /** Sums of the ranks of positive and negative differences. */
  readonly positive: number;
  readonly negative: number;
  /** Two-sided p by the normal approximation with the variance corrected for ties. */
  readonly pNormal: number;
  /** The same with the continuity correction of ½. */
  readonly pNormalCorrected: number;
  /** Two-sided p counted over all sign patterns. */
  readonly pExact: number;
}

/** Wilcoxon's signed-rank test: zero differences are dropped, equal sizes share their mean rank. Null when no pair differs. */
export function wilcoxonTest(differences: Float64Array): WilcoxonTest | null {
  const sorted = [...differences].filter((x) => x !== 0).sort((a, b) => Math.abs(a) - Math.abs(b));
  if (sorted.length === 0) return null;
  // Twice the mean rank is an integer.
  const doubled: number[] = [];
  let ties = 0;
  for (let start = 0; start < sorted.length; start = doubled.length) {
    let end = start + 1;
    while (end < sorted.length && sameSize(sorted[start]!, sorted[end]!)) end++;
    while (doubled.length < end) doubled.push(start + end + 1);
    ties += (end - start) ** 3 - (end - start);
  }
  const n = sorted.length;
  const total = (n * (n + 1)) / 2;
  const positive = sorted.reduce((sum, x, i) => (x > 0 ? sum + doubled[i]! / 2 : sum), 0);
  const distance = Math.abs(positive - total / 2);
  const deviation = Math.sqrt((n * (n + 1) * (2 * n + 1)) / 24 - ties / 48);
  return {
    pairs: n,
    positive,
    negative: total - positive,
    pNormal: normalTwoSided(distance / deviation),
    pNormalCorrected: normalTwoSided(Math.max(0, distance - 0.5) / deviation),
    pExact: exactSignedRank(doubled, 2 * Math.min(positive, total - positive)),
  };
}

/** Differences of decimal values carry rounding errors that must not break a tie. */
function sameSize(a: number, b: number): boolean {
  return Math.abs(Math.abs(a) - Math.abs(b)) <= 1e-12;
}

/** Share of the sign patterns whose smaller rank sum is at most `observed`, by counting subset sums of the doubled ranks. */
function exactSignedRank(doubled: readonly number[], observed: number): number {
  const total = doubled.reduce((sum, rank) => sum + rank, 0);
  // share[s]: probability that the positive ranks add up to s.
  const share = new Float64Array(total + 1);
  share[0] = 1;
  let reached = 0;
  for (const rank of doubled) {
    reached += rank;
    for (let sum = reached; sum >= 0; sum--) share[sum] = (share[sum]! + (sum >= rank ? share[sum - rank]! : 0)) / 2;
  }
  return share.reduce((p, value, sum) => (Math.min(sum, total - sum) <= observed ? p + value : p), 0);
}
