import { z } from "zod";
import { pairsOf } from "../miners/selection.js";
import { similarityMatrix } from "../nn/distances.js";
import { defineLoss } from "./define.js";
import { countOf, meanOf } from "./masked.js";

/**
 * λ⁺ mean {m⁺ − s : s ≤ m⁺} over positives + λ⁻ mean {s − m⁻ : s ≥ m⁻} over negatives, with s = cos: a regulariser that lets one threshold
 * serve all classes. Zhang et al. 2024, eq. 8. pytorch-metric-learning ignores a memory here without a word.
 */
export const thresholdConsistentMargin = defineLoss({
  name: "threshold-consistent-margin",
  memory: true,
  options: z.strictObject({
    positiveWeight: z.number().min(0).default(1),
    negativeWeight: z.number().min(0).default(1),
    positiveMargin: z.number().default(0.9),
    negativeMargin: z.number().default(0.5),
  }),
  build: {
    labelled(batch, { positiveWeight, negativeWeight, positiveMargin, negativeMargin }) {
      const { positive, negative } = pairsOf(batch);
      const s = similarityMatrix(batch.embeddings, batch.references, "cosine");
      const near = positive.and(s.lessOrEqual(positiveMargin));
      const far = negative.and(s.greaterOrEqual(negativeMargin));
      const attracted = meanOf(s.neg().add(positiveMargin), near).mul(positiveWeight);
      const repelled = meanOf(s.sub(negativeMargin), far).mul(negativeWeight);
      return {
        loss: attracted.add(repelled),
        telemetry: { activePositives: countOf(near), activeNegatives: countOf(far) },
      };
    },
  },
});
