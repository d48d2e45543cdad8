import { inputError } from "../base/errors.js";

/** Pairs of items: how far apart they are, and whether they are of one class. */
export interface VerificationPairs {
  readonly distances: ArrayLike<number>;
  /** True (or 1) for a pair of one class. */
  readonly same: ArrayLike<boolean | number>;
}

/** What happens at a threshold that accepts distances up to it. */
export interface OperatingPoint {
  readonly threshold: number;
  /** Share of the same pairs that are accepted (recall, VAL). */
  readonly accepted: number;
  /** Share of the different pairs that are accepted (FAR). */
  readonly falselyAccepted: number;
  /** Share of all pairs that are judged rightly. */
  readonly accuracy: number;
}

/** The operating points at each distance that occurs, ascending. Throws without a pair of each kind, or on a distance that is no finite number. */
export function operatingPoints({ distances, same }: VerificationPairs): readonly OperatingPoint[] {
  const order = Array.from(distances, (_, i) => i).sort((a, b) => distances[a]! - distances[b]!);
  const positives = order.filter((i) => same[i]).length;
  const negatives = order.length - positives;
  const bad = order.find((i) => !Number.isFinite(distances[i]));
  if (bad !== undefined)
    throw inputError("bad-distance", "a distance is not a finite number", {
      found: `${distances[bad]} of pair ${bad}`,
    });
  if (positives === 0 || negatives === 0)
    throw inputError("one-sided-pairs", "verification needs same and different pairs", {
      found: `${positives} same, ${negatives} different`,
    });
  const points: OperatingPoint[] = [];
  let hits = 0;
  let errors = 0;
  order.forEach((i, at) => {
    if (same[i]) hits += 1;
    else errors += 1;
    const next = order[at + 1];
    if (next !== undefined && distances[next] === distances[i]) return;
    points.push({
      threshold: distances[i]!,
      accepted: hits / positives,
      falselyAccepted: errors / negatives,
      accuracy: (hits + negatives - errors) / order.length,
    });
  });
  return points;
}

/** Area under the ROC curve: the probability that a same pair is nearer than a different one, ties counting half. */
export function rocAuc(pairs: VerificationPairs): number {
  let area = 0;
  let before = { accepted: 0, falselyAccepted: 0 };
  for (const point of operatingPoints(pairs)) {
    area += ((point.accepted + before.accepted) / 2) * (point.falselyAccepted - before.falselyAccepted);
    before = point;
  }
  return area;
}

/** Average precision of "same" by ascending distance: Σ of precision × gain of recall, equal distances together. */
export function averagePrecision(pairs: VerificationPairs): number {
  const positives = Array.from(pairs.same).filter(Boolean).length;
  const negatives = pairs.same.length - positives;
  let sum = 0;
  let before = 0;
  for (const { accepted, falselyAccepted } of operatingPoints(pairs)) {
    const hits = accepted * positives;
    sum += (accepted - before) * (hits / (hits + falselyAccepted * negatives));
    before = accepted;
  }
  return sum;
}

/** Equal error rate: the mean of both error rates where they differ least over the observed distances; of equal gaps, the smaller mean. */
export function equalErrorRate(pairs: VerificationPairs): number {
  const rates = operatingPoints(pairs).map(({ accepted, falselyAccepted }) => ({
    gap: Math.abs(falselyAccepted - (1 - accepted)),
    mean: (falselyAccepted + 1 - accepted) / 2,
  }));
  return rates.reduce((best, one) =>
    one.gap < best.gap || (one.gap === best.gap && one.mean < best.mean) ? one : best,
  ).mean;
}

/** The highest accuracy that one threshold reaches on these very pairs; the lowest such threshold. It flatters: see `verifyByFolds`. */
export function bestAccuracy(pairs: VerificationPairs): OperatingPoint {
  return operatingPoints(pairs).reduce((best, one) => (one.accuracy > best.accuracy ? one : best));
}

/**
 * A threshold to use on new pairs (accept distances up to it). For `accuracy`, the middle of the gap above the best point, where new distances may fall either
 * way. For `{ far }`, the largest observed distance that accepts no larger share of different pairs; where none does, null.
 */
export function calibrateThreshold(
  pairs: VerificationPairs,
  target: "accuracy" | { readonly far: number },
): OperatingPoint | null {
  const points = operatingPoints(pairs);
  if (target !== "accuracy") return points.findLast(({ falselyAccepted }) => falselyAccepted <= target.far) ?? null;
  const best = bestAccuracy(pairs);
  const next = points.find(({ threshold }) => threshold > best.threshold);
  return next === undefined ? best : { ...best, threshold: (best.threshold + next.threshold) / 2 };
}
