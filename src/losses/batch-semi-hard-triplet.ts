import { z } from "zod";
import { argMax, argMin, minimum, relu, size, sort, stopGradient, takeAlongAxis, where } from "../graph/index.js";
import { elements, pairsOf } from "../miners/selection.js";
import { distanceMatrix, metrics } from "../nn/distances.js";
import { crossCounts } from "./all-triplets.js";
import { defineLoss } from "./define.js";
import { anyOf, countOf, meanOf, vectorsOf } from "./masked.js";

/**
 * For every positive pair (a, p) the nearest negative beyond it, n = argmin {d(a, n) : d(a, n) > d(a, p)}, without an upper bound; mean over
 * the pairs used of max(0, d(a, p) − d(a, n) + m). The form of TensorFlow Addons and sentence-transformers of Schroff et al. 2015,
 * section 3.2; FaceNet's own window is a miner. What is done where no negative lies beyond is `fallback`. A batch without negatives is 0.
 */
export const batchSemiHardTriplet = defineLoss({
  name: "batch-semi-hard-triplet",
  memory: true,
  options: z.strictObject({
    margin: z.number().min(0).default(1),
    metric: z.enum(metrics).default("l2"),
    normalize: z.boolean().default(false),
    /** The farthest negative (TensorFlow Addons), the hardest, or none: the pair is left out. */
    fallback: z.enum(["farthest", "hardest", "drop"]).default("farthest"),
  }),
  build: {
    labelled(batch, options) {
      const { anchors, references } = vectorsOf(batch, options);
      const { positive, negative } = pairsOf(batch);
      const distances = distanceMatrix(anchors, references, options.metric);
      const fixed = stopGradient(distances);
      const order = sort(where(negative, fixed, Infinity), 1).indices;
      const { below: nearer } = crossCounts(fixed, fixed, positive, negative, { ties: true });
      const beyond = nearer.less(negative.cast("float32").sum(1, { keepDims: true }));
      const last = size(distances.length(1)).sub(1);
      const next = takeAlongAxis(order, minimum(nearer, last).cast("int32"), 1);
      const otherwise =
        options.fallback === "farthest"
          ? argMax(where(negative, fixed, -Infinity), 1, { keepDims: true })
          : argMin(where(negative, fixed, Infinity), 1, { keepDims: true });
      const usable = positive.and(options.fallback === "drop" ? beyond : anyOf(negative).unsqueeze(1));
      const { anchor, positive: to, valid } = batch.pairs;
      const chosen = elements(where(beyond, next, otherwise), anchor, to);
      const used = elements(usable, anchor, to).and(valid);
      const [near, far] = [elements(distances, anchor, to), elements(distances, anchor, chosen)];
      const losses = relu(near.sub(far).add(options.margin));
      return {
        loss: meanOf(losses, used),
        telemetry: {
          usedPairs: countOf(used),
          fallbacks: countOf(used.and(elements(beyond, anchor, to).not())),
          activeShare: meanOf(losses.greater(0).cast("float32"), used),
          positiveDistance: meanOf(near, used),
          negativeDistance: meanOf(far, used),
        },
      };
    },
  },
});
