import { gather, l2Normalize, maximum, minimum, relu, slice, softplus, type Tensor } from "../graph/index.js";
import { tripletsOf } from "../miners/selection.js";
import type { LabelledBatch } from "../miners/types.js";
import { distanceMatrix, type Metric, rowDistance } from "../nn/distances.js";
import { countOf, meanWhere } from "./reduce.js";
import type { LossOutput, PairBatch } from "./types.js";

export interface TripletOptions {
  /** Units of the distance. */
  readonly margin: number;
  readonly metric: Metric;
  /** Divide vectors by their length first. */
  readonly normalize: boolean;
  /** max(0, x) or ln(1 + e^x) of x = d(a, p) − d(a, n) + margin. */
  readonly activation: "hinge" | "softplus";
  /** `mean` over all triplets, or over those with a loss above 0. */
  readonly reduction: "mean" | "mean-nonzero";
  /** Use the nearer of anchor and positive to measure the negative. */
  readonly swap: boolean;
}

/** Every row of a batch with each of its negatives. */
export function tripletOfPairs(batch: PairBatch, options: TripletOptions): LossOutput {
  const [q, d] = [batch.queries, batch.documents].map((x) => (options.normalize ? l2Normalize(x) : x)) as [
    Tensor,
    Tensor,
  ];
  const own = slice(d, 0, 0, q.length(0));
  const toPositive = rowDistance(q, own, options.metric).unsqueeze(1);
  const direct = distanceMatrix(q, d, options.metric);
  const toNegative = options.swap ? minimum(direct, distanceMatrix(own, d, options.metric)) : direct;
  return reduced(toPositive, toNegative, batch.negatives, options);
}

/** The triplets of labelled rows. */
export function tripletOfLabels(batch: LabelledBatch, options: TripletOptions): LossOutput {
  const normalized = (x: Tensor) => (options.normalize ? l2Normalize(x) : x);
  const { anchor, positive, negatives } = tripletsOf(batch);
  const [rows, references] = [normalized(batch.embeddings), normalized(batch.references)];
  const to = gather(references, positive);
  const toPositive = rowDistance(gather(rows, anchor), to, options.metric).unsqueeze(1);
  const direct = gather(distanceMatrix(rows, references, options.metric), anchor);
  const swapped = () => gather(distanceMatrix(references, references, options.metric), positive);
  return reduced(toPositive, options.swap ? minimum(direct, swapped()) : direct, negatives, options);
}

function reduced(toPositive: Tensor, toNegative: Tensor, valid: Tensor, options: TripletOptions): LossOutput {
  const activation = options.activation === "hinge" ? relu : softplus;
  const losses = activation(toPositive.sub(toNegative).add(options.margin));
  const active = valid.and(losses.greater(0));
  return {
    loss: meanWhere(losses, options.reduction === "mean" ? valid : active),
    telemetry: { activeShare: countOf(active).div(maximum(countOf(valid), 1)) },
  };
}
