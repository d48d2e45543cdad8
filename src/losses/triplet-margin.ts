import { l2Normalize, maximum, mean, minimum, relu, slice, type Tensor, where } from "../graph/index.js";
import { distanceMatrix, type Metric, rowDistance } from "./distances.js";
import type { LossOutput, PairBatch } from "./types.js";

export interface TripletMarginOptions {
  /** Units of the distance; > 0. */
  readonly margin: number;
  readonly metric: Metric;
  /** Divide vectors by their length first. */
  readonly normalize: boolean;
  /** `mean` over all valid triplets, or over those with a loss above 0. */
  readonly reduction: "mean" | "mean-nonzero";
  /** Use the nearer of anchor and positive to measure the negative (Balntas et al. 2016). */
  readonly swap: boolean;
}

/**
 * max(0, d(a, p) − d(a, n) + margin). Schultz and Joachims 2003; Weinberger and Saul 2009; Schroff et al. 2015, eq. 3. Also called
 * ranking, hinge or max-margin loss. Without a valid triplet the loss is 0.
 */
export function tripletMargin(
  anchors: Tensor,
  positives: Tensor,
  negatives: Tensor,
  options: TripletMarginOptions,
): LossOutput {
  const [a, p, n] = [anchors, positives, negatives].map((x) => (options.normalize ? l2Normalize(x) : x)) as [
    Tensor,
    Tensor,
    Tensor,
  ];
  const toPositive = rowDistance(a, p, options.metric);
  const direct = rowDistance(a, n, options.metric);
  const toNegative = options.swap ? minimum(direct, rowDistance(p, n, options.metric)) : direct;
  return reduce(toPositive, toNegative, null, options);
}

/** Every row of a batch with each of its negatives. */
export function tripletMarginOfPairs(batch: PairBatch, options: TripletMarginOptions): LossOutput {
  const [q, d] = [batch.queries, batch.documents].map((x) => (options.normalize ? l2Normalize(x) : x)) as [
    Tensor,
    Tensor,
  ];
  const own = slice(d, 0, 0, q.length(0));
  const toPositive = rowDistance(q, own, options.metric).unsqueeze(1);
  const direct = distanceMatrix(q, d, options.metric);
  const toNegative = options.swap ? minimum(direct, distanceMatrix(own, d, options.metric)) : direct;
  return reduce(toPositive, toNegative, batch.negatives, options);
}

/** All triplets of labelled rows [n, d]: `positive` and `negative` are bool [n, n] relations without the diagonal. */
export function tripletMarginOfLabels(
  rows: Tensor,
  positive: Tensor,
  negative: Tensor,
  options: TripletMarginOptions,
): LossOutput {
  const x = options.normalize ? l2Normalize(rows) : rows;
  const distances = distanceMatrix(x, x, options.metric);
  // Axes: anchor, positive, negative.
  const direct = distances.unsqueeze(1);
  const toNegative = options.swap ? minimum(direct, distances.unsqueeze(0)) : direct;
  return reduce(distances.unsqueeze(2), toNegative, positive.unsqueeze(2).and(negative.unsqueeze(1)), options);
}

function reduce(
  toPositive: Tensor,
  toNegative: Tensor,
  valid: Tensor | null,
  { margin, reduction }: TripletMarginOptions,
): LossOutput {
  const raw = relu(toPositive.sub(toNegative).add(margin));
  const losses = valid === null ? raw : where(valid, raw, 0);
  const active = losses.greater(0).cast("float32").sum();
  const counted = reduction === "mean-nonzero" ? active : valid?.cast("float32").sum();
  const loss = counted === undefined ? mean(losses) : losses.sum().div(maximum(counted, 1));
  const all = valid === null ? null : valid.cast("float32").sum();
  return {
    loss,
    telemetry: {
      activeShare: all === null ? mean(losses.greater(0).cast("float32")) : active.div(maximum(all, 1)),
      positiveDistance: mean(toPositive),
    },
  };
}
