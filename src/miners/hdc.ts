import { z } from "zod";
import { type Tensor, where } from "../graph/index.js";
import { comparing, distancesOf } from "./comparing.js";
import { defineMiner } from "./define.js";
import { ranks } from "./ranking.js";

/**
 * The hardest share of the positive pairs and of the negative pairs of the whole batch: ⌈share · pairs⌉ of each, the farthest positives, the
 * nearest negatives. One level of the cascade of Yuan, Yang and Zhang 2017 (hard-aware deeply cascaded embedding).
 */
export const hdc = defineMiner({
  name: "hdc",
  options: z.strictObject({ share: z.number().gt(0).max(1).default(0.5), ...comparing("l2", true) }),
  select(batch, { share, ...space }) {
    const distances = distancesOf(batch, space);
    const hardest = (mask: Tensor, easiness: Tensor) => {
      const { rank } = ranks(where(mask, easiness, Number.POSITIVE_INFINITY).reshape([-1]));
      // rank < ⌈x⌉ for whole ranks is rank < x; what a product is above a whole number by rounding does not count.
      const wanted = mask.cast("float32").sum().mul(share).sub(1e-3);
      return mask.and(rank.cast("float32").less(wanted).reshape(mask.shape));
    };
    return {
      kind: "pairs",
      positive: hardest(batch.positive, distances.neg()),
      negative: hardest(batch.negative, distances),
    };
  },
});
