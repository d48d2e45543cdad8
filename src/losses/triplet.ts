import { gather, l2Normalize, maximum, minimum, relu, slice, softplus, type Tensor } from "../graph/index.js";
import { pairsOf, tripletsOf } from "../miners/selection.js";
import type { LabelledBatch } from "../miners/types.js";
import { distanceMatrix, type Metric, rowDistance } from "../nn/distances.js";
import { allTripletHinges, type TripletSums } from "./all-triplets.js";
import { countOf, sumOf, vectorsOf } from "./masked.js";
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

/** The triplets of labelled rows. All hinges of a batch are summed without a term for each, in O(B² log B). */
export function tripletOfLabels(batch: LabelledBatch, options: TripletOptions): LossOutput {
  const { anchors, references } = vectorsOf(batch, options);
  const distances = distanceMatrix(anchors, references, options.metric);
  if (batch.selection?.kind !== "triplets" && options.activation === "hinge" && !options.swap) {
    const { positive, negative } = pairsOf(batch);
    return output(allTripletHinges(distances, positive, negative, options.margin), options);
  }
  const { anchor, positive, negatives } = tripletsOf(batch);
  const toPositive = rowDistance(gather(anchors, anchor), gather(references, positive), options.metric).unsqueeze(1);
  const direct = gather(distances, anchor);
  const swapped = () => gather(distanceMatrix(references, references, options.metric), positive);
  return reduced(toPositive, options.swap ? minimum(direct, swapped()) : direct, negatives, options);
}

function reduced(toPositive: Tensor, toNegative: Tensor, valid: Tensor, options: TripletOptions): LossOutput {
  const activation = options.activation === "hinge" ? relu : softplus;
  const losses = activation(toPositive.sub(toNegative).add(options.margin));
  const active = countOf(valid.and(losses.greater(0)));
  return output({ sum: sumOf(losses, valid), active, all: countOf(valid) }, options);
}

function output({ sum, active, all }: TripletSums, { reduction }: TripletOptions): LossOutput {
  return {
    loss: sum.div(maximum(reduction === "mean" ? all : active, 1)),
    telemetry: { activeShare: active.div(maximum(all, 1)) },
  };
}
