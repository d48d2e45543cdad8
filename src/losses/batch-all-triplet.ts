import { z } from "zod";
import { maximum } from "../graph/index.js";
import { pairsOf } from "../miners/selection.js";
import { distanceMatrix, metrics } from "../nn/distances.js";
import { allTripletHinges } from "./all-triplets.js";
import { defineLoss } from "./define.js";
import { vectorsOf } from "./masked.js";

/**
 * max(0, d(a, p) − d(a, n) + m) over all triplets of the batch: `mean-nonzero` over those above 0, as the paper does against many easy
 * ones, or `mean` over all. Hermans et al. 2017, eq. 7 ("batch all"). Memory and time are those of pairs, n² and n² log n. A miner's
 * triplets belong to `triplet-margin`; of a miner's pairs it takes every triplet.
 */
export const batchAllTriplet = defineLoss({
  name: "batch-all-triplet",
  memory: true,
  options: z.strictObject({
    margin: z.number().min(0).default(0.2),
    metric: z.enum(metrics).default("l2"),
    /** Divide vectors by their length first. */
    normalize: z.boolean().default(false),
    reduction: z.enum(["mean", "mean-nonzero"]).default("mean-nonzero"),
  }),
  build: {
    labelled(batch, options) {
      const { anchors, references } = vectorsOf(batch, options);
      const { positive, negative } = pairsOf(batch);
      const distances = distanceMatrix(anchors, references, options.metric);
      const { sum, active, all } = allTripletHinges(distances, positive, negative, options.margin);
      return {
        loss: sum.div(maximum(options.reduction === "mean" ? all : active, 1)),
        telemetry: { triplets: all, activeShare: active.div(maximum(all, 1)) },
      };
    },
  },
});
