import { inputError } from "../base/errors.js";
import { rng } from "../base/rng.js";
import { prepareRows } from "../search/vector-source.js";
import { studentQuantile } from "./distributions.js";
import { type LabelIndex, labelIndex } from "./labels.js";
import type { LabelledVectors } from "./match-ranks.js";
import type { MeasuredMean } from "./results.js";
import { calibrateThreshold, equalErrorRate, rocAuc, type VerificationPairs } from "./roc.js";
import { verifyByFolds } from "./verification.js";

export const verificationMeasures = ["accuracy", "val@far", "roc-auc", "eer", "threshold"] as const;
export type VerificationMeasure = (typeof verificationMeasures)[number];

export interface VerifyItemsOptions {
  readonly items: LabelledVectors;
  readonly dimension: number;
  readonly seed: number;
  /** Pairs drawn of each kind; default 3000, as LFW has. */
  readonly pairs?: number;
  /** Default 10. */
  readonly folds?: number;
}

/**
 * Same or different? Draws pairs of items that share a label, and as many that do not, into folds, and compares unit vectors. `accuracy` and `val@far` (VAL at a FAR
 * of 0.001) as `verifyByFolds` has them: with the threshold of the other folds; `roc-auc` and `eer` within each fold. All four are means over the folds with
 * a 95 % interval of Student's. `threshold` is the cosine above which a pair is best called the same, over all pairs, from the lowest to the highest that a
 * single fold asks for. All systems see the same pairs. Throws where there are too few pairs of a kind for the folds.
 */
export function verifyItems({
  items,
  dimension,
  seed,
  pairs = 3000,
  folds = 10,
}: VerifyItemsOptions): Readonly<Record<VerificationMeasure, MeasuredMean>> {
  const vectors = items.vectors.slice();
  prepareRows(vectors, dimension, "cosine", (row) => `item ${row}`);
  const drawn = drawPairs(items, seed, pairs);
  if (drawn.same.length < folds || drawn.different.length < folds)
    throw inputError("too-few-pairs", "verification needs a pair of each kind for each fold", {
      found: `${drawn.same.length} same, ${drawn.different.length} different`,
      expected: `${folds} of each`,
    });
  const each = Math.min(drawn.same.length, drawn.different.length);
  const all = [...drawn.same.slice(0, each), ...drawn.different.slice(0, each)];
  const distances = all.map(([a, b]) => squaredDistance(vectors, a, b, dimension));
  const same = all.map((_, i) => i < each);
  const foldOf = all.map((_, i) => (i % each) % folds);
  const byFold = verifyByFolds({ distances, same, folds: foldOf });
  const parts = Array.from({ length: folds }, (_, fold): VerificationPairs => {
    const rows = foldOf.flatMap((one, i) => (one === fold ? [i] : []));
    return { distances: rows.map((i) => distances[i]!), same: rows.map((i) => same[i]!) };
  });
  const mean = (values: readonly number[]): MeasuredMean => meanOverFolds(values, all.length);
  const cosine = (of: VerificationPairs): number => 1 - calibrateThreshold(of, "accuracy")!.threshold / 2;
  const thresholds = parts.map(cosine);
  return {
    accuracy: mean(byFold.folds.map((fold) => fold.accuracy)),
    "val@far": mean(byFold.folds.map((fold) => fold.val)),
    "roc-auc": mean(parts.map(rocAuc)),
    eer: mean(parts.map(equalErrorRate)),
    threshold: {
      mean: cosine({ distances, same }),
      low: Math.min(...thresholds),
      high: Math.max(...thresholds),
      n: all.length,
    },
  };
}

type Pair = readonly [number, number];

/** Up to `count` different pairs of each kind: an item at random, and another of those that match it, or do not. */
function drawPairs(
  { labels }: LabelledVectors,
  seed: number,
  count: number,
): { readonly same: readonly Pair[]; readonly different: readonly Pair[] } {
  const index = labelIndex(labels);
  const generator = rng(seed, "verification");
  const draw = (other: (item: number, index: LabelIndex) => number | undefined): readonly Pair[] => {
    const found = new Map<number, Pair>();
    for (let attempt = 0; attempt < 20 * count && found.size < count; attempt++) {
      const a = generator.int(labels.length);
      const b = other(a, index);
      if (b !== undefined && a !== b) found.set(Math.min(a, b) * labels.length + Math.max(a, b), [a, b]);
    }
    return [...found.values()];
  };
  const same = draw((item) => {
    const matches = index.matches(labels[item]!);
    return matches.length < 2 ? undefined : matches[generator.int(matches.length)];
  });
  const different = draw((item) => {
    const other = generator.int(labels.length);
    return index.matches(labels[item]!).includes(other) ? undefined : other;
  });
  return { same, different };
}

function squaredDistance(vectors: Float32Array | Float64Array, a: number, b: number, dimension: number): number {
  let sum = 0;
  for (let i = 0; i < dimension; i++) sum += (vectors[a * dimension + i]! - vectors[b * dimension + i]!) ** 2;
  return sum;
}

function meanOverFolds(values: readonly number[], n: number): MeasuredMean {
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  const variance = values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / (values.length - 1);
  const half = studentQuantile(0.05, values.length - 1) * Math.sqrt(variance / values.length);
  return { mean, low: Math.max(0, mean - half), high: Math.min(1, mean + half), n };
}
