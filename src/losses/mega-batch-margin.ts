import { z } from "zod";
import { diagonal, max, mean, relu, where } from "../graph/index.js";
import { similarityMatrix } from "../nn/distances.js";
import { defineLoss } from "./define.js";

/**
 * mean [ max(0, m⁺ − cos(a_i, p_i)) + max(0, max_{j≠i} cos(a_i, p_j) − m⁻) ]: the hardest negative of a large batch, against fixed margins (after
 * Wieting and Gimpel 2018, §4; margins as in sentence-transformers). A row without negatives keeps its first term.
 */
export const megaBatchMargin = defineLoss({
  name: "mega-batch-margin",
  options: z.strictObject({
    positiveMargin: z.number().min(-1).max(1).default(0.8),
    negativeMargin: z.number().min(-1).max(1).default(0.3),
  }),
  build: {
    pairs: ({ queries, documents, negatives }, { positiveMargin, negativeMargin }) => {
      const cosines = similarityMatrix(queries, documents, "cosine");
      const own = diagonal(cosines);
      const hardest = max(where(negatives, cosines, -1), 1);
      const losses = relu(own.neg().add(positiveMargin)).add(relu(hardest.sub(negativeMargin)));
      return { loss: mean(losses), telemetry: { positiveScore: mean(own), hardestNegativeScore: mean(hardest) } };
    },
  },
});
