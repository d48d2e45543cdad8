import { iota, l2Normalize, type Tensor } from "../graph/index.js";
import { pairsOf } from "../miners/selection.js";
import type { LabelledBatch } from "../miners/types.js";
import { distanceMatrix, type Metric, rowDistance } from "../nn/distances.js";
import { vectorsOf } from "./masked.js";
import type { ScoredBatch } from "./types.js";

/** Distances of some pairs, and bool of their shape: which are alike, which are not. */
export interface Compared {
  readonly distances: Tensor;
  readonly positive: Tensor;
  readonly negative: Tensor;
}

export interface ComparedOptions {
  readonly metric: Metric;
  readonly normalize: boolean;
}

/** Two vectors a row: label 1 is alike, 0 or −1 not. */
export function comparedScored(
  { first, second, labels }: ScoredBatch,
  { metric, normalize }: ComparedOptions,
): Compared {
  const [a, b] = normalize ? [l2Normalize(first), l2Normalize(second)] : [first, second];
  const positive = labels.greater(0);
  return { distances: rowDistance(a, b, metric), positive, negative: positive.not() };
}

/** The pairs of labelled rows: each unordered pair once; of a selection, every chosen ordered pair. */
export function comparedLabelled(batch: LabelledBatch, { metric, normalize }: ComparedOptions): Compared {
  const { anchors, references } = vectorsOf(batch, { normalize });
  const distances = distanceMatrix(anchors, references, metric);
  const { positive, negative } = pairsOf(batch);
  if (batch.selection !== undefined) return { distances, positive, negative };
  const once = iota(anchors.length(0))
    .unsqueeze(1)
    .less(iota(references.length(0)).unsqueeze(0));
  return { distances, positive: positive.and(once), negative: negative.and(once) };
}
