import {
  concat,
  cumulativeSum,
  gather,
  l2Normalize,
  maximum,
  sort,
  type Tensor,
  takeAlongAxis,
  where,
} from "../graph/index.js";
import type { Metric } from "../nn/distances.js";
import { distancesOf } from "./comparing.js";
import { elements } from "./selection.js";
import type { LabelledBatch, TripletSelection } from "./types.js";

export interface TripletTelemetryOptions {
  readonly metric: Metric;
  readonly normalize: boolean;
  /** The loss's margin, in units of the distance; 0 where it has none: there is no semi-hard triplet then. */
  readonly margin: number;
}

/** Scalars worth watching in every step; 0 where there is no triplet, except `spread`. */
export type TripletTelemetry = Readonly<
  Record<
    | "hardShare"
    | "semiHardShare"
    | "easyShare"
    | "activeShare"
    | "meanPositiveDistance"
    | "meanNegativeDistance"
    | "meanMargin"
    | "spread",
    Tensor
  >
>;

/**
 * What the triplets of a batch are like, over those that the miner selected (of pairs: each selected positive with each selected negative of its
 * anchor; without a selection: all). With Δ = d(a, n) − d(a, p): hard Δ ≤ 0, semi-hard 0 < Δ ≤ margin, easy Δ > margin; active are those that are not easy.
 * Means are over triplets, `meanMargin` is that of Δ. O(rows · columns) memory where triplets were not listed.
 */
export function tripletTelemetry(batch: LabelledBatch, options: TripletTelemetryOptions): TripletTelemetry {
  const distances = distancesOf(batch, options);
  const { selection } = batch;
  const sums =
    selection?.kind === "triplets"
      ? sumsOfTriplets(distances, selection, options.margin)
      : sumsOfPairs(distances, selection ?? batch, options.margin);
  const mean = (sum: Tensor) => sum.div(maximum(sums.triplets, 1));
  const hard = mean(sums.hard);
  const active = mean(sums.active);
  const positive = mean(sums.positive);
  const negative = mean(sums.negative);
  const any = sums.triplets.greater(0).cast("float32");
  return {
    hardShare: hard,
    semiHardShare: active.sub(hard),
    easyShare: any.sub(active),
    activeShare: active,
    meanPositiveDistance: positive,
    meanNegativeDistance: negative,
    meanMargin: negative.sub(positive),
    spread: spread(batch.embeddings),
  };
}

/**
 * How far rows [rows, dimension] are spread over directions: the root mean square distance of the unit vectors from their mean, which is the
 * standard deviation of their components times √dimension. From 0, all rows point one way, to 1, they cancel.
 */
export function spread(rows: Tensor): Tensor {
  const unit = l2Normalize(rows);
  return unit
    .sub(unit.mean(0, { keepDims: true }))
    .square()
    .sum(1)
    .mean()
    .sqrt();
}

interface Sums {
  readonly triplets: Tensor;
  readonly hard: Tensor;
  readonly active: Tensor;
  /** Σ d(a, p) and Σ d(a, n) over the triplets. */
  readonly positive: Tensor;
  readonly negative: Tensor;
}

function sumsOfTriplets(distances: Tensor, { anchor, positive, negatives }: TripletSelection, margin: number): Sums {
  const toNegative = gather(distances, anchor);
  const toPositive = elements(distances, anchor, positive).unsqueeze(1);
  const delta = toNegative.sub(toPositive);
  const counted = (mask: Tensor) => mask.and(negatives).cast("float32").sum();
  return {
    triplets: negatives.cast("float32").sum(),
    hard: counted(delta.lessOrEqual(0)),
    active: counted(delta.lessOrEqual(margin)),
    positive: where(negatives, toPositive, 0).sum(),
    negative: where(negatives, toNegative, 0).sum(),
  };
}

type Pairs = Pick<LabelledBatch, "positive" | "negative">;

function sumsOfPairs(distances: Tensor, pairs: Pairs, margin: number): Sums {
  const [positive, negative] = [pairs.positive.cast("float32"), pairs.negative.cast("float32")];
  const [positives, negatives] = [positive.sum(1), negative.sum(1)];
  return {
    triplets: positives.mul(negatives).sum(),
    hard: countWithin(distances, pairs, 0),
    active: countWithin(distances, pairs, margin),
    // A pair is in as many triplets as its anchor has pairs of the other kind.
    positive: where(pairs.positive, distances, 0).sum(1).mul(negatives).sum(),
    negative: where(pairs.negative, distances, 0).sum(1).mul(positives).sum(),
  };
}

/**
 * How many (a, p, n) have d(a, n) ≤ d(a, p) + margin, without a list of them: with a row's negatives and its positives, moved by the margin, in one
 * order, each positive counts the negatives before it.
 */
function countWithin(distances: Tensor, { positive, negative }: Pairs, margin: number): Tensor {
  const behind = Number.POSITIVE_INFINITY;
  // Negatives stand first, so that of equal distances they come first.
  const keys = concat([where(negative, distances, behind), where(positive, distances.add(margin), behind)], 1);
  const order = sort(keys, 1).indices;
  const inOrder = (negatives: Tensor, positives: Tensor) => takeAlongAxis(concat([negatives, positives], 1), order, 1);
  const [p, n] = [positive.cast("float32"), negative.cast("float32")];
  return inOrder(n.mul(0), p)
    .mul(cumulativeSum(inOrder(n, p.mul(0)), 1))
    .sum();
}
