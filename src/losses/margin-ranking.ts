import { z } from "zod";
import { relu } from "../graph/index.js";
import { defineLoss } from "./define.js";
import { countOf, meanOf } from "./masked.js";

/**
 * mean max(0, s_n − s_p + margin) over every positive and negative of a list (Herbrich et al. 2000, eq. 7; Joachims 2002). With one of each it is
 * PyTorch's MarginRankingLoss. Of scores, whatever made them; `cosine-hinge` is this of cosines, `triplet-margin` of minus distances.
 */
export const marginRanking = defineLoss({
  name: "margin-ranking",
  options: z.strictObject({ margin: z.number().min(0).default(0) }),
  build: {
    logits: ({ scores, positive, negative }, { margin }) => {
      const gaps = scores.unsqueeze(1).sub(scores.unsqueeze(2)).add(margin);
      const valid = positive.unsqueeze(2).and(negative.unsqueeze(1));
      return { loss: meanOf(relu(gaps), valid), telemetry: { comparisons: countOf(valid) } };
    },
  },
});
