import { z } from "zod";
import { above, below, boundary, comparing, distancesOf } from "./comparing.js";
import { defineMiner } from "./define.js";

/** Positives that are farther apart than `positiveMargin`, negatives that are nearer than `negativeMargin`: the pairs with a loss in contrastive losses. */
export const pairMargin = defineMiner({
  name: "pair-margin",
  options: z.strictObject({
    /** Units of the distance, both. */
    positiveMargin: z.number().default(0.2),
    negativeMargin: z.number().default(0.8),
    ...comparing("l2", true),
    boundary: boundary("strict"),
  }),
  select(batch, { positiveMargin, negativeMargin, boundary, ...space }) {
    const distances = distancesOf(batch, space);
    return {
      kind: "pairs",
      positive: batch.positive.and(above(distances, positiveMargin, boundary)),
      negative: batch.negative.and(below(distances, negativeMargin, boundary)),
    };
  },
});
