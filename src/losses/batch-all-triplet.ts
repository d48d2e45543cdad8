import { z } from "zod";
import { metrics } from "../nn/distances.js";
import { defineLoss } from "./define.js";
import { tripletOfLabels } from "./triplet.js";

/**
 * max(0, d(a, p) − d(a, n) + m) over all triplets of the batch: `mean-nonzero` over those above 0, as the paper does against many easy
 * ones, or `mean` over all. Hermans et al. 2017, eq. 7 ("batch all"): `triplet-margin` with other defaults, that takes labelled rows alone.
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
  build: { labelled: (batch, options) => tripletOfLabels(batch, { ...options, activation: "hinge", swap: false }) },
});
