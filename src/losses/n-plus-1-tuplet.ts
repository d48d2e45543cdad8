import { z } from "zod";
import { defineLoss } from "./define.js";
import { softmaxLoss } from "./softmax.js";

/**
 * mean ln(1 + Σ_j exp(scale · (f·n_j − f·p))) over a row's own negatives: the (N+1)-tuplet loss (Sohn 2016, eq. 6). With one negative the
 * logistic triplet loss. The paper takes raw dot products; it needs N+1 encoder rows for an anchor, where N-pair-mc needs two.
 */
export const nPlus1Tuplet = defineLoss({
  name: "n-plus-1-tuplet",
  scope: "own",
  options: z.strictObject({ normalize: z.boolean().default(false), scale: z.number().positive().default(1) }),
  build: {
    pairs: (batch, { normalize, scale }) =>
      softmaxLoss(batch, { scale, similarity: normalize ? "cosine" : "dot", softmaxes: [["query_to_doc"]] }),
  },
});
