import { z } from "zod";
import { relu } from "../graph/index.js";
import { pairsOf } from "../miners/selection.js";
import { similarityMatrix } from "../nn/distances.js";
import { defineLoss } from "./define.js";
import { meanOf } from "./masked.js";

/**
 * Pulls cosines to the mean of their side: the mean over positives of [(1 − ε) mean(s⁺) − s]+², plus that over negatives of
 * [s − (1 + ε) mean(s⁻)]+². Yu and Tao 2019, eq. 9 and 10: a regulariser for the tuplet margin loss, with weight 0.5.
 */
export const intraPairVariance = defineLoss({
  name: "intra-pair-variance",
  memory: true,
  options: z.strictObject({
    positiveEpsilon: z.number().min(0).default(0.01),
    negativeEpsilon: z.number().min(0).default(0.01),
  }),
  build: {
    labelled(batch, { positiveEpsilon, negativeEpsilon }) {
      const { positive, negative } = pairsOf(batch);
      const s = similarityMatrix(batch.embeddings, batch.references, "cosine");
      const [near, far] = [meanOf(s, positive), meanOf(s, negative)];
      const below = relu(near.mul(1 - positiveEpsilon).sub(s)).square();
      const above = relu(s.sub(far.mul(1 + negativeEpsilon))).square();
      return {
        loss: meanOf(below, positive).add(meanOf(above, negative)),
        telemetry: { positiveScore: near, negativeScore: far },
      };
    },
  },
});
