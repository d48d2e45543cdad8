import { z } from "zod";
import { max, min, relu, softplus, type Tensor, where } from "../graph/index.js";
import { pairsOf } from "../miners/selection.js";
import type { LabelledBatch } from "../miners/types.js";
import { distanceMatrix, metrics } from "../nn/distances.js";
import { defineLoss } from "./define.js";
import { anyOf, countOf, meanOf, vectorsOf } from "./masked.js";
import type { LossOutput } from "./types.js";

const common = z.strictObject({
  metric: z.enum(metrics).default("l2"),
  /** Divide vectors by their length first. The paper does not. */
  normalize: z.boolean().default(false),
});

/**
 * max(0, m + max_p d(a, p) − min_n d(a, n)), mean over anchors that have a positive and a negative. Hermans et al. 2017, eq. 5
 * ("batch hard"), with Euclidean distances that are not squared. Of equal distances the first is taken. sentence-transformers counts anchors
 * without a positive or a negative with a made-up distance. Known failure: all vectors fall together and the loss stays at m.
 */
export const batchHardTriplet = defineLoss({
  name: "batch-hard-triplet",
  memory: true,
  options: common.extend({ margin: z.number().min(0).default(0.2) }),
  build: { labelled: (batch, options) => hardest(batch, options, (gap) => relu(gap.add(options.margin))) },
});

/** The same with ln(1 + e^x) in the place of the hinge, so that there is no margin to choose. Hermans et al. 2017, section 3.3. */
export const batchHardSoftMarginTriplet = defineLoss({
  name: "batch-hard-soft-margin-triplet",
  memory: true,
  options: common.extend({ margin: z.literal("soft").default("soft") }),
  build: { labelled: (batch, options) => hardest(batch, options, softplus) },
});

function hardest(batch: LabelledBatch, options: z.output<typeof common>, penalty: (gap: Tensor) => Tensor): LossOutput {
  const { anchors, references } = vectorsOf(batch, options);
  const { positive, negative } = pairsOf(batch);
  const distances = distanceMatrix(anchors, references, options.metric);
  const farthest = max(where(positive, distances, -Infinity), 1);
  const nearest = min(where(negative, distances, Infinity), 1);
  const valid = anyOf(positive).and(anyOf(negative));
  const losses = penalty(farthest.sub(nearest));
  return {
    loss: meanOf(losses, valid),
    telemetry: {
      anchors: countOf(valid),
      activeShare: meanOf(losses.greater(0).cast("float32"), valid),
      positiveDistance: meanOf(farthest, valid),
      negativeDistance: meanOf(nearest, valid),
    },
  };
}
