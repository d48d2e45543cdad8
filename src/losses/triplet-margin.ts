import { z } from "zod";
import { gather, l2Normalize, maximum, minimum, relu, slice, type Tensor, where } from "../graph/index.js";
import { tripletsOf } from "../miners/selection.js";
import type { LabelledBatch } from "../miners/types.js";
import { distanceMatrix, metrics, rowDistance } from "../nn/distances.js";
import { defineLoss } from "./define.js";
import type { LossOutput, PairBatch } from "./types.js";

const options = z.strictObject({
  /** Units of the distance. */
  margin: z.number().min(0).default(0.2),
  metric: z.enum(metrics).default("cosine"),
  /** Divide vectors by their length first. */
  normalize: z.boolean().default(false),
  /** `mean` over all triplets, or over those with a loss above 0. */
  reduction: z.enum(["mean", "mean-nonzero"]).default("mean"),
  activation: z.literal("hinge").default("hinge"),
  /** Use the nearer of anchor and positive to measure the negative (Balntas et al. 2016). */
  swap: z.boolean().default(false),
});

type Options = z.output<typeof options>;

/**
 * max(0, d(a, p) − d(a, n) + margin). Schultz and Joachims 2003; Weinberger and Saul 2009; Schroff et al. 2015, eq. 3. Also called
 * ranking, hinge or max-margin loss. Without a valid triplet the loss is 0.
 */
export const tripletMargin = defineLoss({
  name: "triplet-margin",
  options,
  scope: "own",
  build: { pairs: ofPairs, labelled: ofLabels },
});

/** Every row of a batch with each of its negatives. */
function ofPairs(batch: PairBatch, options: Options): LossOutput {
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

/** The triplets of labelled rows. */
function ofLabels(batch: LabelledBatch, options: Options): LossOutput {
  const normalized = (x: Tensor) => (options.normalize ? l2Normalize(x) : x);
  const { anchor, positive, negatives } = tripletsOf(batch);
  const [rows, references] = [normalized(batch.embeddings), normalized(batch.references)];
  const to = gather(references, positive);
  const toPositive = rowDistance(gather(rows, anchor), to, options.metric).unsqueeze(1);
  const direct = gather(distanceMatrix(rows, references, options.metric), anchor);
  const swapped = () => gather(distanceMatrix(references, references, options.metric), positive);
  return reduce(toPositive, options.swap ? minimum(direct, swapped()) : direct, negatives, options);
}

function reduce(toPositive: Tensor, toNegative: Tensor, valid: Tensor, { margin, reduction }: Options): LossOutput {
  const losses = where(valid, relu(toPositive.sub(toNegative).add(margin)), 0);
  const active = losses.greater(0).cast("float32").sum();
  const all = valid.cast("float32").sum();
  return {
    loss: losses.sum().div(maximum(reduction === "mean" ? all : active, 1)),
    telemetry: { activeShare: active.div(maximum(all, 1)) },
  };
}
